import { showPart } from "./form.js";

/** Shows the part about invalid links if the link caused the problem. */
export const checkLink = ({ type, errors = [] }) => {
  if (LINK_PROBLEMS.includes(type) || errors.some(({ field }) => field === "token")) showPart("broken");
};

const LINK_PROBLEMS = ["/problems/token-spent", "/problems/not-found"];

/** Reads the token from the fragment of the link. */
export const readToken = () => {
  // A link that differs only in its fragment does not reload the page.
  addEventListener("hashchange", () => location.reload());
  const token = location.hash.slice(1);
  if (!token) showPart("broken");
  return token;
};
