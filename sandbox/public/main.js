import { showList } from "./list.js";
import { showOutages } from "./outage.js";
import { showMail } from "./reader.js";

const search = document.querySelector("#search");
let loading = false;
let stale = false;

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
  const selected = location.hash.slice(1);
  const wanted = search.value.trim();
  const [outage, found, mail] = await Promise.all([
    fetchJson("/api/outage"),
    fetchJson(`/inbox/messages?${new URLSearchParams({ search: wanted })}`),
    selected && fetchJson(`/inbox/messages/${encodeURIComponent(selected)}`),
  ]);
  showOutages(outage);
  showList(found, selected, wanted);
  showMail(mail, found.total);
  document.querySelector("#panes").classList.toggle("reading", Boolean(mail));
};

const fetchJson = async (url) => {
  const response = await fetch(url);
  return response.ok ? response.json() : undefined;
};

search.addEventListener("input", refresh);
addEventListener("hashchange", refresh);
document.querySelector("#clear").addEventListener("click", async () => {
  location.hash = "";
  await fetch("/api/messages", { method: "DELETE" });
});

// `open` is also fired after a reconnection: the list then shows what happened in between.
const events = new EventSource("/inbox/events");
events.addEventListener("open", refresh);
events.addEventListener("message", refresh);
