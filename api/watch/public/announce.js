/** Screen readers need time to speak. */
const APART_MS = 2_000;

/** Of many texts at once, the newest say enough. */
const SPOKEN_AT_ONCE = 3;

/** The one polite status region: texts are merged, at most one message every two seconds. */
export const createAnnouncer = (write, { now = () => performance.now(), later = setTimeout } = {}) => {
  let waiting = [];
  let spokenAt = -APART_MS;
  let scheduled = false;

  const speak = () => {
    scheduled = false;
    write(mergeTexts(waiting));
    waiting = [];
    spokenAt = now();
  };

  return (text) => {
    waiting.push(text);
    if (scheduled) return;
    const rest = spokenAt + APART_MS - now();
    if (rest <= 0) return speak();
    scheduled = true;
    later(speak, rest);
  };
};

/** A text that repeats is said once. */
const mergeTexts = (texts) => {
  const different = [...new Set(texts)];
  const left = different.length - SPOKEN_AT_ONCE;
  const spoken = different.slice(-SPOKEN_AT_ONCE).map(endWithStop).join(" ");
  return left > 0 ? `${left} more. ${spoken}` : spoken;
};

const endWithStop = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);
