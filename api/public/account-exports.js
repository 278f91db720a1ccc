import { showMoment } from "./dates.js";
import { make, sizeOf } from "./elements.js";
import { reason, show } from "./form.js";
import { createPagedList } from "./paged-list.js";
import { request, say } from "./session.js";

/** Milliseconds between two looks at unfinished exports. The pause grows while nothing changes. */
const SHORTEST = 1_000;
const LONGEST = 15_000;

const section = document.querySelector("#exports");
const ask = document.querySelector("#ask-export");
const problem = section.querySelector(".error");

let timer;
let pause = SHORTEST;

/** Lets the user ask for an export, shows its progress, and offers those that are ready. */
export const prepareExports = (me) => {
  const makeRow = (each) => {
    const row = make("li", {});
    row.dataset.id = each.id;
    update(row, each, me);
    return row;
  };
  const { list, refresh } = createPagedList(section, { path: "/v1/account/exports", makeRow });

  const isPending = () => list.querySelector("[data-state=PENDING]") !== null;

  const showExports = async () => {
    await refresh();
    pollSoon();
  };

  const pollSoon = () => {
    pause = SHORTEST;
    schedule();
  };

  const schedule = () => {
    clearTimeout(timer);
    if (!document.hidden && isPending()) timer = setTimeout(poll, pause);
  };

  const poll = async () => {
    const { ok, status, body } = await request("GET", "/v1/account/exports?limit=10");
    if (status === 401) return;
    let hasChanged = false;
    for (const each of ok ? body.items : []) {
      const row = list.querySelector(`[data-id="${each.id}"]`);
      const isSame = row?.dataset.state === each.state && row.dataset.progress === String(each.progress);
      if (!row || isSame) continue;
      hasChanged = true;
      update(row, each, me);
      if (each.state === "READY") say("Your export is ready");
      if (each.state === "FAILED") say(each.problem);
    }
    pause = hasChanged ? SHORTEST : Math.min(pause * 1.5, LONGEST);
    schedule();
  };

  // Asking again while one is made returns that one.
  ask.addEventListener("click", async () => {
    const { ok, status, body } = await request("POST", "/v1/account/export");
    if (status !== 401) show(problem, ok ? undefined : reason(body));
    if (!ok) return;
    say("The export is being made");
    await showExports();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) pollSoon();
  });

  return { showExports };
};

const update = (row, each, { zone }) => {
  row.dataset.state = each.state;
  row.dataset.progress = String(each.progress);
  const title = `Export of ${showMoment(each.createdAt, zone)}`;
  row.replaceChildren(make("strong", { textContent: title }), ...detailsOf(each, title, zone));
};

const detailsOf = ({ state, problem: text, progress, bytes, url, expiresAt }, title, zone) => {
  if (state === "FAILED") return [make("p", { className: "error", textContent: text })];
  if (state === "PENDING") {
    const bar = make("progress", { max: 1, value: progress });
    bar.ariaLabel = `Progress: ${title}`;
    return [bar, facts(progress > 0 ? `${Math.floor(progress * 100)} %` : "waiting")];
  }
  const link = make("a", { className: "open end", href: url, download: "", textContent: "Download" });
  link.ariaLabel = `Download: ${title}`;
  return [link, facts(`ZIP, ${sizeOf(bytes)}`, `deleted on ${showMoment(expiresAt, zone)}`)];
};

const facts = (...texts) =>
  make("p", { className: "facts" }, ...texts.map((textContent) => make("span", { textContent })));
