import { make, button, one } from "/elements.js";
import { enter, load } from "/session.js";
import { change } from "./change.js";
import { drawBars } from "./chart.js";
import { cell, moment, number } from "./words.js";

const days = document.querySelector("#days");
const replays = document.querySelector("#replays");
const find = (selector) => document.querySelector(selector);

const showFailures = async () => {
  const found = await load(`/v1/admin/failures?days=${days.value}`);
  if (!found) return;
  const total = found.items.reduce((sum, { count }) => sum + count, 0);
  find("#failed").textContent = one(total, "job");
  find("#chart").replaceChildren(drawBars(found));
  const groups = Map.groupBy(found.items, ({ name, kind }) => `${name} ${kind}`);
  const rows = [...groups.values()]
    .map((items) => ({ ...items[0], count: items.reduce((sum, { count }) => sum + count, 0) }))
    .toSorted((a, b) => b.count - a.count);
  const link = ({ name, kind }) =>
    make("a", {
      href: `/admin/jobs?${new URLSearchParams({ state: "FAILED", name, kind, since: found.since })}`,
      textContent: name,
    });
  find("#kinds").hidden = rows.length === 0;
  find("#kinds tbody").replaceChildren(
    ...rows.map((row) => make("tr", {}, cell(link(row)), cell(row.kind), number(row.count))),
  );
};

const showQueues = async () => {
  const found = await load("/v1/admin/queues");
  if (!found) return;
  const most = (count, isExact) => (isExact ? String(count) : `${count} or more`);
  const toggle = ({ name, pausedAt }) =>
    button(pausedAt ? "Resume" : "Pause", {
      label: `${pausedAt ? "Resume" : "Pause"} ${name}`,
      onClick: async () => {
        const done = `${name} is ${pausedAt ? "resumed" : "paused"}.`;
        if (await change("PUT", `/v1/admin/queues/${name}`, { data: { paused: !pausedAt }, done })) {
          await showQueues();
          find(`[data-queue="${name}"] button`)?.focus();
        }
      },
    });
  const rowOf = (queue) => {
    const state = queue.pausedAt
      ? make(
          "span",
          {},
          make("span", { className: "chip late", textContent: "paused" }),
          " since ",
          moment(queue.pausedAt),
        )
      : "works";
    const row = make(
      "tr",
      {},
      cell(queue.name),
      number(most(queue.waiting, queue.isExact)),
      number(queue.running),
      cell(state),
      cell(toggle(queue)),
    );
    row.dataset.queue = queue.name;
    return row;
  };
  find("#queues tbody").replaceChildren(...found.items.map(rowOf));
};

const showReplays = async () => {
  const found = await load("/v1/admin/replays");
  if (!found) return;
  replays.hidden = found.items.length === 0;
  const rowOf = ({ id, filter, perMinute, total, replayed, state, createdAt }) => {
    const about = Object.entries(filter)
      .map(([key, value]) => `${key} ${value}`)
      .join(", ");
    const stop = button("Stop", {
      label: `Stop the replay of ${about}`,
      onClick: async () => {
        if (!(await change("POST", `/v1/admin/replays/${id}/stop`, { done: "The replay is stopped." })))
          return;
        await showReplays();
        find("#replays-title").focus();
      },
    });
    return make(
      "li",
      {},
      make("strong", { textContent: `${replayed} of ${total}` }),
      make("span", { className: "chip", textContent: state.toLowerCase() }),
      make("span", {
        className: "grow",
        textContent: `${perMinute} per minute: ${about || "all failed jobs"}`,
      }),
      moment(createdAt),
      state === "RUNNING" ? stop : undefined,
    );
  };
  replays.querySelector("ul").replaceChildren(...found.items.map(rowOf));
};

/** Milliseconds between two looks while the page is visible. */
const EVERY = 10_000;

const refresh = () => Promise.all([showFailures(), showReplays()]);

if (await enter()) {
  days.addEventListener("change", showFailures);
  await Promise.all([refresh(), showQueues()]);
  setInterval(() => document.visibilityState === "visible" && refresh(), EVERY);
}
