import { reason } from "./form.js";
import { load, request, say, showProblem } from "./session.js";

/** Shows a list of the API in a section, page by page. `makeRow` makes the row of an item, with its id in `data-id`. */
export const createPagedList = (section, { path, makeRow }) => {
  const list = section.querySelector(".things");
  const more = section.querySelector(".more");
  const empty = section.querySelector(".empty");
  let cursor;

  const add = async () => {
    more.disabled = true;
    const page = await load(`${path}?limit=10${cursor ? `&cursor=${cursor}` : ""}`);
    more.disabled = false;
    if (!page) return;
    if (!cursor) list.replaceChildren();
    cursor = page.next;
    more.hidden = !cursor;
    list.append(...page.items.map(makeRow));
    showEmpty();
  };

  const showEmpty = () => {
    if (empty) empty.hidden = list.children.length > 0;
  };

  /** Deletes an item and its row. One that is gone already is as good as deleted. */
  const remove = async (row, what) => {
    const { ok, status, body } = await request("DELETE", `${path}/${row.dataset.id}`);
    if (status !== 401) showProblem(ok || status === 404 ? undefined : reason(body));
    if (!ok && status !== 404) return;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    const hadFocus = row.contains(document.activeElement);
    row.remove();
    if (hadFocus) (next?.querySelector("button, a[href]") ?? section.querySelector("h2")).focus();
    showEmpty();
    say(what);
  };

  more.addEventListener("click", add);
  return {
    list,
    remove,
    /** Shows the first page. */
    refresh: () => {
      cursor = undefined;
      return add();
    },
  };
};
