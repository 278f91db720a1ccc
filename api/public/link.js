import { showPart } from "./form.js";

/** Shows the part about invalid links if the link caused the problem. */
export const checkLink = ({ type, errors = [] }) => {
  if (LINK_PROBLEMS.includes(type) || errors.some(({ field }) => field === "token")) showPart("broken");
};

const LINK_PROBLEMS = ["/problems/token-spent", "/problems/not-found"];

/** Reads the token from the fragment of the link. Programs that rewrite links may encode the `#` or append to the token. */
export const readToken = () => {
  // A link that differs only in its fragment does not reload the page.
  addEventListener("hashchange", () => location.reload());
  const token = /^(?:#|%(?:25)*23)+([\w-]*)/.exec(location.hash)?.[1];
  if (!token) showPart("broken");
  return token;
};
