import { explain } from "./explain.js";
import { plural } from "./numbers.js";

/** Lines kept, and sentences about others' jobs per second above which they are merged. */
const KEPT = 300;
const VERBATIM = 20;

/** Others' changes in one message above which they are not put into sentences at all. */
const FLOOD = 40;

/**
 * The lines of the story, without any DOM: own jobs verbatim and whole, others' merged by kind and second when there are
 * many. A line is `{ id, at, text, why, source, concept, kind, jobId, mine, changes, times }`.
 */
export const createLines = (model) => {
  const seen = new Map();
  const seconds = new Map();
  let lines = [];
  let next = 0;

  const add = (line) => {
    const made = { id: (next += 1), times: 1, ...line };
    // Messages about the past arrive later than the request that they follow: the order is that of the times.
    const index = lines.findLastIndex(({ at }) => at <= made.at) + 1;
    lines = lines.toSpliced(index, 0, made).slice(-KEPT);
    return made;
  };

  const explainOwn = (job) => {
    const before = seen.get(job.id);
    // It may have been seen as another's before the response said that it is one's own.
    if (!before) lines = lines.filter(({ jobId, mine }) => jobId !== job.id || mine || mine === undefined);
    seen.set(job.id, job);
    const changes = before ? changesOf(before, job) : [];
    return inTime(explain(before, job, { model }), Date.parse(job.createdAt)).map((sentence) =>
      add({ ...sentence, jobId: job.id, mine: true, changes }),
    );
  };

  const addOthers = ({ before, after }) => {
    for (const sentence of explain(before, after, { model }))
      addOther({ ...sentence, jobId: after.id }, after.name);
  };

  const addOther = (sentence, name) => {
    const second = bucketOf(model.now());
    second.count += 1;
    if (second.count <= VERBATIM) add({ ...sentence, at: model.now(), mine: false });
    else merge(second, `${name} ${sentence.kind}`, { name, kind: sentence.kind });
  };

  const merge = (second, key, { name, kind }) => {
    const line = second.merged.get(key);
    if (!line) return void second.merged.set(key, add(mergedLine({ at: model.now(), name, kind, times: 1 })));
    Object.assign(line, mergedLine({ ...line, name, kind, times: line.times + 1 }));
  };

  const bucketOf = (now) => {
    const second = Math.floor(now / 1_000);
    for (const old of seconds.keys()) if (old < second) seconds.delete(old);
    if (!seconds.has(second)) seconds.set(second, { count: 0, merged: new Map() });
    return seconds.get(second);
  };

  return {
    all: () => lines,
    add,
    /** Adds what a change of the model says. Resolves with the new lines about own jobs. */
    apply: (change) => {
      const isFirst = change.kind === "snapshot";
      const others = change.jobs.filter(({ after, before }) => !model.isMine(after) && (before || !isFirst));
      const second = bucketOf(model.now());
      if (others.length <= FLOOD) others.forEach(addOthers);
      else
        for (const { after } of others.filter(hasMoved))
          merge(second, `${after.name} ${after.phase}`, { name: after.name, kind: after.phase });
      return ownOf(model, seen).flatMap(explainOwn);
    },
  };
};

/** A new connection sends rows again that have not changed. */
const hasMoved = ({ before, after }) => before?.phase !== after.phase || before.attempt !== after.attempt;

/** Own jobs whose row has changed since it was shown. */
const ownOf = (model, seen) =>
  [...model.mine]
    .flatMap((id) => model.jobs.get(id) ?? [])
    .filter((job) => seen.get(job.id) !== job)
    .toSorted((one, other) => (one.id < other.id ? -1 : 1));

/** A moment without a time has that of the one before it. */
const inTime = (sentences, start) => {
  let last = start;
  return sentences.map((sentence) => ({ ...sentence, at: (last = Math.max(last, sentence.at ?? last)) }));
};

const PHRASES = {
  ...{ committed: "committed", published: "given to the broker", queued: "given to the broker" },
  ...{
    started: "started",
    running: "started",
    retry: "failed and wait to retry",
    again: "failed and wait to retry",
  },
  ...{
    done: "done",
    dead: "in the dead letter",
    cancelled: "cancelled",
    crashed: "crashed",
    lost: "found by the sweep",
  },
  ...{ limited: "given back: the provider asked for a pause", progress: "with progress" },
};

const mergedLine = (line) => ({
  ...line,
  ...{ mine: false, isMerged: true, concept: "monitoring" },
  text: `${plural(line.times, `${line.name} job`, `${line.name} jobs`)} ${PHRASES[line.kind] ?? line.kind} in this second.`,
});

const IGNORED = new Set(["history", "payload", "phase", "retryAt", "earlier", "children"]);

/** The columns that differ: `{ column, from, to }`. */
export const changesOf = (before, after) =>
  Object.keys(after)
    .filter(
      (column) => !IGNORED.has(column) && JSON.stringify(before[column]) !== JSON.stringify(after[column]),
    )
    .map((column) => ({ column, from: shown(before[column]), to: shown(after[column]) }))
    .concat(historyOf(before, after));

const historyOf = (before, after) => {
  const size = ({ history, earlier = 0 }) => (history?.length ?? 0) + earlier;
  return size(after) > size(before)
    ? [{ column: "history", from: `${size(before)} entries`, to: `${size(after)} entries` }]
    : [];
};

const shown = (value) => {
  if (value === null || value === undefined) return "NULL";
  return typeof value === "object" ? JSON.stringify(value).slice(0, 120) : String(value);
};

/** The story as Markdown, for an issue or a note. */
export const markdownOf = (lines, clock) =>
  lines
    .map(({ at, text, why, source }) => {
      const because = why ? `  \n  ${why}` : "";
      return `- \`${clock(at)}\` ${text}${because}${source ? ` (\`${source}\`)` : ""}`;
    })
    .join("\n");
