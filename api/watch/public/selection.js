/** The job shown in detail. It is in the URL as `#job=ID`, so that a link shows the same. */
export const createSelection = () => {
  const listeners = new Set();
  let selected = readHash().get("job") ?? undefined;

  const change = (id) => {
    if (id === selected) return;
    selected = id;
    for (const listener of listeners) listener(id);
  };

  addEventListener("hashchange", () => change(readHash().get("job") ?? undefined));

  return {
    selected: () => selected,
    onSelect: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** `undefined` closes it. */
    select: (id) => {
      writeHash("job", id);
      change(id);
    },
  };
};

export const readHash = () => new URLSearchParams(location.hash.slice(1));

/** Sets one part of the URL's fragment, without an entry in the history for each job that is looked at. */
export const writeHash = (name, value) => {
  const parts = readHash();
  if (value) parts.set(name, value);
  else parts.delete(name);
  history.replaceState(null, "", parts.size > 0 ? `#${parts}` : location.pathname + location.search);
};
