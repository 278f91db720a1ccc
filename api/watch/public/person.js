import { inventPerson } from "./people.js";

const KEY = "offstage.watch.person";

/**
 * The visitor's person: who it is, and how far it has come. Kept for as long as the tab, so that a reload in the middle
 * continues. `stage` is new → signed-up → verified → in; `deletionAt` is set while a deletion is scheduled.
 */
export const createPerson = (storage = sessionStorage) => {
  const listeners = new Set();
  let person = read(storage) ?? fresh();

  const change = (changes) => {
    person = { ...person, ...changes };
    storage.setItem(KEY, JSON.stringify(person));
    for (const listener of listeners) listener(person);
    return person;
  };

  return {
    get: () => person,
    change,
    /** Another person, made up unless its name, address and password are given. */
    replace: (chosen) => {
      person = { ...fresh(), ...chosen };
      return change({});
    },
    onChange: (listener) => listeners.add(listener),
  };
};

const fresh = () => ({ ...inventPerson(), stage: "new" });

const read = (storage) => {
  try {
    return JSON.parse(storage.getItem(KEY)) ?? undefined;
  } catch {
    return undefined; // Another version of the page has written it.
  }
};

const ORDER = ["new", "signed-up", "verified", "in"];

/** Whether a person has come as far as a stage. */
export const hasReached = ({ stage }, wanted) => ORDER.indexOf(stage) >= ORDER.indexOf(wanted);
