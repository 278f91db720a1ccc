const NUMBERS = new Intl.NumberFormat("en");

/** "1,042" */
export const count = (number) => NUMBERS.format(number);

/** "1 job", "2 jobs" */
export const plural = (number, noun, nouns = `${noun}s`) => `${count(number)} ${number === 1 ? noun : nouns}`;

/** "0.4", "14": a rate per second. */
export const rate = (number) => (number > 0 && number < 10 ? number.toFixed(1) : count(Math.round(number)));

/** A duration: "12 ms", "3.2 s", "4 min 10 s", "13 h 5 min". */
export const duration = (ms) => {
  const whole = Math.max(0, Math.round(ms));
  if (whole < 1_000) return `${whole} ms`;
  if (whole < 59_950) return `${(whole / 1_000).toFixed(whole < 9_950 ? 1 : 0).replace(/\.0$/, "")} s`;
  const seconds = Math.round(whole / 1_000);
  if (seconds < 3_600) return inTwo(seconds, 60, "min", "s");
  const minutes = Math.round(seconds / 60);
  return minutes < 1_440 ? inTwo(minutes, 60, "h", "min") : inTwo(Math.round(minutes / 60), 24, "d", "h");
};

const inTwo = (amount, size, large, small) => {
  const rest = amount % size;
  return `${Math.floor(amount / size)} ${large}${rest > 0 ? ` ${rest} ${small}` : ""}`;
};

/** What is left of a time, drawn again and again: "3.2 s" below ten seconds, then as a duration. */
export const countdown = (ms) => (ms < 9_950 ? `${(Math.max(0, ms) / 1_000).toFixed(1)} s` : duration(ms));

/** "4 s": an age, which is never shown more exactly than it is known. */
export const age = (ms) => (ms < 60_000 ? `${Math.max(0, Math.floor(ms / 1_000))} s` : duration(ms));
