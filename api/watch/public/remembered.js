/** A setting that this browser keeps. Where storage is blocked, it lasts as long as the page. */
export const remembered = (key, initial) => {
  let value = read(key) ?? initial;
  return {
    get: () => value,
    set: (next) => {
      value = next;
      write(key, next);
    },
  };
};

const read = (key) => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
};

const write = (key, value) => {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage is full or blocked: the setting then lasts as long as the page.
  }
};
