/** One tab stop per list: arrows move between its buttons, Enter selects, Escape closes what is selected. */
export const createRoving = (list, buttons, select) => {
  let current;

  const focus = (button) => {
    if (!button) return;
    current?.setAttribute("tabindex", "-1");
    current = button;
    button.setAttribute("tabindex", "0");
    button.focus({ preventScroll: false });
  };

  list.addEventListener("keydown", (event) => {
    const all = buttons();
    const next = nextOf(event.key, all.indexOf(document.activeElement), all.length);
    if (event.key === "Escape") select(undefined);
    if (next === undefined) return;
    event.preventDefault();
    focus(all[next]);
  });

  list.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button) select(button.dataset.id);
  });

  return {
    /** The tab stop may have left the list. */
    refresh: () => {
      if (current?.isConnected) return;
      [current] = buttons();
      current?.setAttribute("tabindex", "0");
    },
  };
};

const nextOf = (key, at, length) => {
  if (key === "ArrowRight" || key === "ArrowDown") return Math.min(at + 1, length - 1);
  if (key === "ArrowLeft" || key === "ArrowUp") return Math.max(at - 1, 0);
  if (key === "Home") return 0;
  if (key === "End") return length - 1;
  return undefined;
};
