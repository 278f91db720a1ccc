import { turnTo } from "./form.js";

/** Turns to the page's word on broken links where the link is why something was refused. */
export const checkLink = ({ type, errors = [] }) => {
  if (REFUSALS.includes(type) || errors.some(({ field }) => field === "token")) turnTo("broken");
};

const REFUSALS = ["/problems/token-spent", "/problems/not-found"];

/** What the link carries in its fragment. */
export const readToken = () => {
  // A link opened over another one of this page loads nothing by itself.
  addEventListener("hashchange", () => location.reload());
  const token = location.hash.slice(1);
  if (!token) turnTo("broken");
  return token;
};
