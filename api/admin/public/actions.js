import { make } from "/elements.js";
import { enter, load } from "/session.js";
import { cell, moment, number } from "./words.js";

const find = (selector) => document.querySelector(selector);
const more = find("#more");
let cursor = "";

const who = ({ userName, userId, program }) =>
  userName
    ? make("bdi", { dir: "auto", textContent: userName })
    : (program ?? make("code", { textContent: userId }));

const what = ({ target }) => {
  if (target.jobId)
    return make("a", {
      href: `/admin/job?id=${target.jobId}`,
      textContent: `job ${target.jobId.slice(-12)}`,
    });
  if (target.queue) return target.queue;
  return make("code", { textContent: JSON.stringify(target) });
};

const rowOf = (row) =>
  make(
    "tr",
    {},
    cell(moment(row.at)),
    cell(who(row)),
    cell(row.action),
    number(row.count ?? ""),
    cell(what(row)),
  );

const showMore = async () => {
  more.disabled = true;
  const page = await load(`/v1/admin/actions?limit=50${cursor && `&cursor=${cursor}`}`);
  more.disabled = false;
  if (!page) return;
  find("#actions tbody").append(...page.items.map(rowOf));
  find("#actions").hidden = page.items.length === 0 && !cursor;
  find("#empty").hidden = page.items.length > 0 || cursor !== "";
  cursor = page.next;
  more.hidden = !cursor;
};

if (await enter()) {
  more.addEventListener("click", showMore);
  await showMore();
}
