import { setAttribute } from "./elements.js";
import { createParts } from "./lane-parts.js";
import { count } from "./numbers.js";
import { countAt, openIn, stationOf, STATIONS } from "./phases.js";
import { createReason } from "./reason.js";
import { createRoving } from "./roving.js";
import { createSparkline } from "./sparkline.js";
import { createToken } from "./token.js";

/** How long the token of another viewer's job stays after its end. */
const LINGER_MS = 2_000;

/** One queue: its counts, its rate, why its jobs wait, and a sample of its jobs as tokens. */
export const createLane = (name, context) => {
  const { model, playback, floor, clock } = context;
  const members = new Set();
  const tokens = new Map();
  const places = new Map(STATIONS.map((station) => [station.name, []]));
  const parts = createParts(name);
  const reason = createReason(name, parts.reason, context);
  const spark = createSparkline(parts.spark);
  let lastOpenAt = 0;

  parts.toggle.addEventListener("click", () => {
    parts.setOpen(!isOpen());
    clock.nextFrame(draw);
  });

  /** One that was neither opened nor closed is open where there is room. */
  const isOpen = () => parts.chosenOpen() ?? !floor.isNarrow();

  const facts = () => model.lanes.find((lane) => lane.name === name) ?? { name };
  const roving = createRoving(parts.tokens, () => standing(tokens), context.select);

  const draw = (now) => {
    for (const id of members) if (!model.jobs.has(id)) remove(id);
    parts.showOpen(isOpen());
    const wanted = isOpen() ? chooseTokens() : new Map();
    for (const [id, token] of tokens) if (!wanted.has(id) && !token.isHeld()) drop(id, token);
    for (const [id, phase] of wanted) show(id, phase, now);
    const isTall = [...places].some(([at, held]) => held.length > floor.perRow(at));
    setAttribute(parts.node, "data-rows", isTall ? "2" : "1");
    drawCounts();
    roving.refresh();
  };

  /** Own jobs first, then those already shown, then others, as many as there are places. */
  const chooseTokens = () => {
    const chosen = new Map();
    const left = new Map(STATIONS.map((station) => [station.name, floor.capacity(station.name)]));
    for (const id of [...members].toSorted(byClaim)) {
      const phase = playback.shown(id);
      const station = stationOf(phase);
      if (!(left.get(station) > 0)) continue;
      left.set(station, left.get(station) - 1);
      chosen.set(id, phase);
    }
    return chosen;
  };

  const claimOf = (id) => (model.mine.has(id) ? 0 : tokens.has(id) ? 1 : 2);
  const byClaim = (one, other) => claimOf(one) - claimOf(other) || (one < other ? 1 : -1);

  const show = (id, phase, now) => {
    const job = model.jobs.get(id);
    const known = tokens.get(id);
    const token = known ?? createToken(id, parts.tokens);
    tokens.set(id, token);
    if (known && known.isHovered() && known.phase !== phase)
      return void known.afterHover(() => clock.nextFrame(draw));
    takePlace(id, token, stationOf(phase));
    token.show(job, phase, { model, now, selected: context.selected() === id, motion: context.motion });
    const at = floor.position(token.station, places.get(token.station).indexOf(id));
    token.moveTo(floor.isNarrow() ? "" : at, context.motion);
  };

  const takePlace = (id, token, station) => {
    if (token.station === station) return;
    leavePlace(id, token);
    const held = places.get(station);
    const free = held.indexOf(undefined);
    held[free === -1 ? held.length : free] = id;
    token.station = station;
  };

  const leavePlace = (id, token) => {
    const held = places.get(token.station);
    if (!held) return;
    held[held.indexOf(id)] = undefined;
    while (held.length > 0 && held.at(-1) === undefined) held.pop();
  };

  const drop = (id, token) => {
    leavePlace(id, token);
    token.remove();
    tokens.delete(id);
  };

  const remove = (id) => {
    members.delete(id);
    playback.forget(id);
  };

  const drawCounts = () => {
    const lane = facts();
    let left = 0;
    for (const station of STATIONS)
      left += parts.stations.get(station.name).show(lane, station, shownAt(station.name));
    parts.node.toggleAttribute("data-more", left > 0);
    parts.rate(lane.perSecond ?? 0);
  };

  const shownAt = (station) => places.get(station).filter(Boolean).length;

  /** Jobs of others leave the stage shortly after their end. */
  const leaveEnded = (now) => {
    for (const id of members) {
      const job = model.jobs.get(id);
      const isOver =
        job && !model.mine.has(id) && job.finishedAt && now - Date.parse(job.finishedAt) > LINGER_MS;
      if (isOver && context.selected() !== id) remove(id);
    }
  };

  return {
    name,
    node: parts.node,
    facts,
    draw,
    add: (id) => members.add(id),
    remove,
    /** Countdowns and progress. */
    tick: (now) => parts.node.hidden || tokens.forEach((token) => token.tick(now, context.motion)),
    second: (now) => {
      leaveEnded(now);
      spark.add(facts().perSecond ?? 0);
      if (parts.node.hidden) return;
      draw(now);
      reason.show(now, members);
      setAttribute(parts.tokens, "aria-label", inWords(name, facts()));
    },
    /** Hides a lane that has had no job for some time. Returns true while it is hidden. */
    fold: (now, after) => {
      const isActive =
        openIn(facts()) > 0 || [...tokens.values()].some(({ phase }) => stationOf(phase) !== "ended");
      if (isActive || [...members].some((id) => model.mine.has(id))) lastOpenAt = now;
      parts.node.hidden = now - lastOpenAt > after;
      return parts.node.hidden;
    },
  };
};

const standing = (tokens) =>
  [...tokens.values()].toSorted((one, other) => one.order() - other.order()).map(({ button }) => button);

const inWords = (name, lane) => {
  const counts = STATIONS.map((station) => [countAt(lane, station), station.title.toLowerCase()]);
  const filled = counts
    .filter(([number]) => number > 0)
    .map(([number, title]) => `${count(number)} ${title}`);
  return `${name}: ${filled.join(", ") || "no jobs"}`;
};
