/** Copies a text, and says so. A page without a secure origin may not. */
export const copy = async (text, { say }, what) => {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} is copied.`);
  } catch {
    say("The browser does not allow this page to copy.");
  }
};
