/** Job and results are next to each other on wide screens, and tabs where there is no room for both. */
export const createTabs = (holder) => {
  const tabs = [...holder.querySelectorAll("[role=tab]")];
  const open = (tab) => {
    for (const each of tabs) {
      each.ariaSelected = String(each === tab);
      each.tabIndex = each === tab ? 0 : -1;
      document.getElementById(each.dataset.opens).toggleAttribute("data-behind", each !== tab);
    }
  };
  holder.addEventListener("click", ({ target }) => tabs.includes(target) && open(target));
  holder.addEventListener("keydown", ({ key }) => {
    if (key !== "ArrowRight" && key !== "ArrowLeft") return;
    const other = tabs.find((each) => each !== document.activeElement);
    open(other);
    other.focus();
  });
  open(tabs[0]);
  return { open: (id) => open(tabs.find((each) => each.dataset.opens === id)) };
};
