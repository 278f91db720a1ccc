import { createFloor } from "./floor.js";
import { element, setAttribute, setText } from "./elements.js";
import { createLane } from "./lane.js";
import { count, plural } from "./numbers.js";
import { openIn, STATIONS } from "./phases.js";
import { createPlayback } from "./playback.js";

/** A lane stays unfolded for this long after its last job, so that the page does not jump. */
const FOLD_AFTER_MS = 20_000;

/** The lanes of all queues, with their jobs. Draws at most once per frame, and only lanes that changed. */
export const createStage = (section, context) => {
  const { model, clock } = context;
  const playback = createPlayback();
  const lanes = new Map();
  const dirty = new Set();
  const view = createView(section);
  const floor = createFloor(view.stations, view.list, () => markAll());

  const laneOf = (name) => {
    const known = lanes.get(name);
    if (known) return known;
    const lane = createLane(name, { ...context, playback, floor });
    lanes.set(name, lane);
    placeInOrder(view.list, lane.node, [...lanes.keys()].toSorted(), name, lanes);
    return lane;
  };

  const mark = (name) => {
    dirty.add(name);
    clock.nextFrame(draw);
  };
  const markAll = () => [...lanes.keys()].forEach(mark);

  const draw = (now) => {
    for (const name of dirty) laneOf(name).draw(now);
    dirty.clear();
    foldIdle(now);
  };

  const foldIdle = (now) => {
    let folded = 0;
    for (const lane of lanes.values()) if (lane.fold(now, FOLD_AFTER_MS)) folded += 1;
    view.empty.hidden = folded < lanes.size;
    view.idle(
      [...lanes.values()]
        .filter(({ node }) => node.hidden)
        .map(({ name, facts }) => ({ name, done: facts().done ?? 0 })),
    );
  };

  const receive = (change) => {
    const now = model.now();
    for (const each of change.jobs) {
      playback.push(each, model.isMine(each.after), now);
      laneOf(each.after.name).add(each.after.id);
      mark(each.after.name);
    }
    for (const job of change.gone) {
      playback.forget(job.id);
      lanes.get(job.name)?.remove(job.id);
      mark(job.name);
    }
    if (change.lanes) for (const { name } of model.lanes) mark(name);
    if (change.kind === "follow" || change.kind === "state") markAll();
  };

  model.subscribe(receive);
  context.onSelect(markAll);

  clock.every(50, (now) => {
    if (!playback.isPending()) return;
    for (const id of playback.advance(now)) if (model.jobs.has(id)) mark(model.jobs.get(id).name);
  });
  clock.every(100, (now) => lanes.forEach((lane) => lane.tick(now)));
  clock.every(1_000, (now) => {
    for (const lane of lanes.values()) lane.second(now);
    foldIdle(now);
  });

  return {
    lag: () => playback.lag(model.now()),
    openJobs: () => model.lanes.reduce((sum, lane) => sum + openIn(lane), 0),
  };
};

const createView = (section) => {
  const stations = STATIONS.map(({ name, title, hint }) => {
    const cell = element("div", { class: "station-title", "data-station": name });
    cell.append(element("b", {}, title), element("span", {}, hint));
    return cell;
  });
  const head = element("div", { class: "stations", "aria-hidden": "true" });
  head.append(element("span"), ...stations);
  const list = element("ul", { class: "lanes" });
  const empty = element(
    "p",
    { class: "empty-stage" },
    "No job is open. Sign up a made-up person to see one move.",
  );
  const idleList = element("ul", { class: "idle", "aria-label": "Queues without open jobs" });
  section.append(head, list, empty, idleList);
  return { stations, list, empty, idle: createIdleList(idleList) };
};

/** Queues without open jobs: how many they have done. Those without any are only counted, and named in the title. */
const createIdleList = (list) => {
  const items = new Map();
  const rest = list.appendChild(element("li"));

  const itemOf = (name) => {
    if (!items.has(name)) items.set(name, list.insertBefore(element("li", { "data-idle": name }), rest));
    return items.get(name);
  };

  return (lanes) => {
    const busy = lanes.filter(({ done }) => done > 0);
    const unused = lanes.filter(({ done }) => done === 0).map(({ name }) => name);
    const names = new Set(busy.map(({ name }) => name));
    for (const [name, item] of items) item.hidden = !names.has(name);
    for (const { name, done } of busy) setText(itemOf(name), `${name} ✓ ${count(done)}`);
    setText(
      rest,
      unused.length > 0
        ? `${busy.length > 0 ? "and " : ""}${plural(unused.length, "queue")} without jobs`
        : "",
    );
    setAttribute(rest, "title", unused.join(", "));
    list.hidden = lanes.length === 0;
  };
};

const placeInOrder = (list, node, names, name, lanes) => {
  const next = names[names.indexOf(name) + 1];
  list.insertBefore(node, next ? lanes.get(next).node : null);
};
