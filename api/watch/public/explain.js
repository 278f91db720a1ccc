import { sentenceOf } from "./sentences.js";
import { lifeOf } from "./life.js";

/**
 * What happened to a job between two looks at its row, in order: `[{ text, why, source, concept, kind, at }]`. The
 * sentences come from the row's own times and history, so states that passed unseen are not missing. `before` is
 * undefined for a job that was not seen before. `source` is "path#symbol"; `at` is in ms, and undefined where the row
 * has no time.
 */
export const explain = (before, after, { model }) => {
  const crashes = model.queues?.get(after.name)?.crashes;
  const known = new Set(before ? lifeOf(before, { crashes }).map(({ key }) => key) : []);
  const turned = before?.state === "WAITING";
  return lifeOf(after, { crashes, turned })
    .filter(({ key }) => !known.has(key))
    .map((moment) => ({ kind: moment.kind, at: moment.at, ...sentenceOf(moment, after, model) }));
};
