import { showOutages } from "./outage.js";

const list = document.querySelector("#phones");
const shown = new Map();
let loading = false;
let stale = false;

/** The most pushes that a phone shows. */
const LISTED = 50;

/** Loads the page's data. Called again while it loads, it loads once more afterwards. */
const refresh = async () => {
  stale = true;
  if (loading) return;
  loading = true;
  while (stale) {
    stale = false;
    await load().catch(() => {});
  }
  loading = false;
};

const load = async () => {
  const [outage, phones] = await Promise.all(
    ["/api/outage", "/api/phones"].map(async (url) => (await fetch(url)).json()),
  );
  showOutages(outage);
  const tokens = new Set(phones.map(({ token }) => token));
  for (const [token, phone] of shown) {
    if (tokens.has(token)) continue;
    phone.remove();
    shown.delete(token);
  }
  phones.forEach((phone, index) => place(shown.get(phone.token) ?? create(phone), phone, index));
  document.querySelector("#count").textContent = phones.length === 1 ? "1 phone" : `${phones.length} phones`;
  document.querySelector("#empty").hidden = phones.length > 0;
  document.querySelector("#clear").disabled = phones.length === 0;
};

const platforms = { ANDROID: "Android", IOS: "iOS", WEB: "Web" };

const create = ({ token, platform }) => {
  const phone = element("li", "phone");
  const head = element("div", "phone-head");
  const name = element("h2", "phone-name", platforms[platform] ?? "Device");
  const id = element(
    "code",
    "phone-token",
    token.length > 20 ? `${token.slice(0, 8)}…${token.slice(-8)}` : token,
  );
  id.title = token;
  head.append(name, id, element("span", "phone-count"));
  const pushes = element("ol", "pushes");
  pushes.tabIndex = 0;
  pushes.ariaLabel = `Pushes to ${id.textContent}, newest first`;
  phone.append(head, pushes);
  shown.set(token, phone);
  return phone;
};

const place = (phone, { pushes, total }, index) => {
  if (list.children[index] !== phone) list.insertBefore(phone, list.children[index] ?? null);
  if (phone.dataset.total === String(total)) return;
  phone.dataset.total = total;
  phone.querySelector(".phone-count").textContent = total === 1 ? "1 push" : `${total} pushes`;
  phone.querySelector(".pushes").replaceChildren(...pushes.slice(-LISTED).reverse().map(card));
};

/** Only web pages: the URL comes from outside. */
const isPage = (url) => /^https?:\/\//.test(url);

const card = ({ title, body, sequence, kind, url, receivedAt, repeated }) => {
  const arrived = new Date(receivedAt);
  const push = element("li", "push");
  push.classList.toggle("fresh", Date.now() - arrived < 2_000);
  push.classList.toggle("repeated", repeated);
  const heading = isPage(url)
    ? element("a", "push-title", title || "(no title)")
    : element("span", "push-title", title);
  if (isPage(url)) Object.assign(heading, { href: url, target: "_blank", rel: "noreferrer" });
  const facts = element("div", "push-facts");
  const number = element("span", "push-sequence", sequence === null ? "–" : `#${sequence}`);
  number.title = "The place among the notifications of its user";
  facts.append(
    number,
    element("span", "push-kind", kind),
    element("span", "time", arrived.toLocaleTimeString()),
  );
  push.append(facts, heading);
  if (body) push.append(element("p", "push-body", body));
  if (repeated) push.append(element("span", "badge", "arrived again"));
  return push;
};

const element = (tag, className, text = "") => {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
};

document.querySelector("#clear").addEventListener("click", () => fetch("/api/phones", { method: "DELETE" }));

// `open` is also fired after a reconnection: the list then shows what happened in between.
const events = new EventSource("/phones/events");
events.addEventListener("open", refresh);
events.addEventListener("message", refresh);
