const KEY = "offstage.watch.tour";

/**
 * How far the tour has come: predictions and what happened, by the name of the step. Also what a step has broken, so that
 * it is repaired even if the page was closed in the middle. Kept until the browser's data is deleted.
 */
export const createProgress = (storage = localStorage) => {
  let kept = read(storage);

  const save = (changes) => {
    kept = { ...kept, ...changes };
    storage.setItem(KEY, JSON.stringify(kept));
  };

  const isSame = (one) => (other) => JSON.stringify(one) === JSON.stringify(other);

  return {
    last: () => kept.last,
    of: (name) => kept.steps[name] ?? {},
    isDone: (name) => kept.steps[name]?.done?.outcome !== undefined,
    visit: (last) => save({ last }),
    record: (name, changes) =>
      save({ steps: { ...kept.steps, [name]: { ...kept.steps[name], ...changes } } }),
    forget: (name) => save({ steps: { ...kept.steps, [name]: {} } }),
    broken: {
      all: () => kept.broken,
      note: (what) => !kept.broken.some(isSame(what)) && save({ broken: [...kept.broken, what] }),
      forget: (what) => save({ broken: kept.broken.filter((each) => !isSame(what)(each)) }),
    },
  };
};

const EMPTY = { last: undefined, steps: {}, broken: [] };

const read = (storage) => {
  try {
    return { ...EMPTY, ...JSON.parse(storage.getItem(KEY)) };
  } catch {
    return EMPTY; // Another version of the page has written it.
  }
};
