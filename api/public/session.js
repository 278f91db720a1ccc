import { reason, show } from "./form.js";
import { send } from "./post.js";
import { loginPath } from "./return.js";

const alert = document.querySelector("#problem");
const expired = document.querySelector("#expired");
const said = document.querySelector("#said");

/** Loads the account. Without a session, goes to the login; after a problem, shows it. Both resolve with undefined. */
export const enter = async () => {
  const { ok, status, body } = await send("GET", "/v1/me");
  if (status === 401) return location.replace(loginPath());
  if (!ok) return showProblem(reason(body));
  showName(body.name);
  const logOut = document.querySelector("#log-out");
  logOut.hidden = false;
  logOut.addEventListener("click", leave);
  return body;
};

/** Shows the name of the account in the header, as the link to its page. */
export const showName = (name) => {
  const account = document.querySelector("#account");
  account.textContent = name;
  account.parentElement.hidden = false;
};

const leave = async () => {
  const { ok, status, body } = await send("POST", "/v1/logout");
  if (ok || status === 401) location.assign("/login");
  else showProblem(reason(body));
};

/** Sends a request. If the session has ended, offers to log in, and stays, because what is typed would be lost. */
export const request = async (method, path, data) => {
  const response = await send(method, path, data);
  const isExpired = response.status === 401;
  if (isExpired) expired.querySelector("a").href = loginPath();
  if (isExpired && expired.hidden) expired.scrollIntoView({ block: "nearest" });
  expired.hidden = !isExpired;
  return response;
};

/** The body of a GET; undefined after a problem, which is shown. */
export const load = (path) => change("GET", path);

/** All items of a list. */
export const loadAll = async (path) => {
  const items = [];
  for (let next = ""; next !== null;) {
    const page = await load(`${path}?limit=100${next && `&cursor=${next}`}`);
    items.push(...(page?.items ?? []));
    next = page?.next ?? null;
  }
  return items;
};

/** Sends a request. Resolves with the body; with undefined after a problem, which is shown. */
export const change = async (method, path, data) => {
  const { ok, status, body } = await request(method, path, data);
  if (status !== 401) showProblem(ok ? undefined : reason(body));
  return ok ? body : undefined;
};

export const showProblem = (text) => {
  show(alert, text);
  if (text) alert.scrollIntoView({ block: "nearest" });
};

/** Announces to a screen reader what the last action did. */
export const say = (text) => {
  said.textContent = text;
};
