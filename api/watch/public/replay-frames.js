import { lifeOf } from "./life.js";
import { explain } from "./explain.js";

/** Milliseconds that a step of a replay lasts at least and at most at normal speed. */
const SHORTEST = 500;
const LONGEST = 3_000;

const STATIONS = {
  ...{
    committed: "committed",
    children: "committed",
    child: "committed",
    turn: "committed",
    refused: "committed",
  },
  ...{ published: "queued", started: "running", progress: "running" },
  ...{ retry: "again", limited: "queued", released: "queued", crashed: "queued", lost: "committed" },
  ...{ replayed: "committed", done: "ended", dead: "ended", cancelled: "ended" },
};

/** The station at which a job stands after a moment of that kind. */
export const stationOf = (kind) => STATIONS[kind] ?? "committed";

const PHASES = {
  ...{ scheduled: "committed", committed: "committed", children: "committed", turn: "committed" },
  ...{
    queued: "queued",
    running: "running",
    again: "again",
    done: "ended",
    dead: "ended",
    cancelled: "ended",
  },
};

export const stationOfPhase = (phase) => PHASES[phase] ?? "committed";

/**
 * A job's life as the frames of a replay: what happened, where the job stood then, and how long the frame is shown at
 * normal speed. Waits are shortened to 3 s, and every step is at least half a second long.
 */
export const framesOf = (job, { model }) => {
  const sentences = explain(undefined, job, { model });
  const crashes = model.queues?.get(job.name)?.crashes;
  const times = knownTimes(lifeOf(job, { crashes }));
  let start = 0;
  return sentences.map((sentence, index) => {
    const at = times[index];
    const next = times[index + 1];
    const lasts = next === undefined ? SHORTEST : Math.min(LONGEST, Math.max(SHORTEST, next - at));
    const frame = { ...sentence, at, station: stationOf(sentence.kind), start, end: start + lasts };
    start += lasts;
    return frame;
  });
};

/** The times of moments; one without a time has that of the moment before it. */
const knownTimes = (moments) => {
  let last = moments[0]?.at ?? 0;
  return moments.map(({ at }) => (last = Math.max(last, at ?? last)));
};

/** The frame that is shown at a position in ms, and how far into the time until the next one it is. */
export const frameAt = (frames, position) => {
  const index = Math.max(
    0,
    frames.findLastIndex(({ start }) => start <= position),
  );
  const frame = frames[index];
  const next = frames[index + 1];
  const share = Math.min(1, (position - frame.start) / (frame.end - frame.start));
  return { index, frame, at: next ? frame.at + (next.at - frame.at) * share : frame.at };
};
