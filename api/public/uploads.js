import { reason, show as setText } from "./form.js";
import { isTemporary, send as request } from "./post.js";
import { addFiles, cancel, isUnsent, retry, startSending, stopSending } from "./send-files.js";
import { removeRow, rowOf, setProblem, showUpload } from "./upload-rows.js";

const list = document.querySelector("#uploads");
const drop = document.querySelector("#drop input");
const alert = document.querySelector("#problem");
const older = document.querySelector("#older");

/** The cursor of the next page; undefined before the first page. */
let cursor;
let isLoggedOut = false;

/** Shows why the list could not be loaded. Without a session, the page stops. */
const showProblem = ({ status, body }) => {
  if (status === 401) return stop();
  setText(alert, reason(body));
  alert.scrollIntoView({ block: "nearest" });
};

const stop = () => {
  if (isLoggedOut) return;
  isLoggedOut = true;
  drop.disabled = true;
  stopSending();
  setText(alert);
  const line = document.querySelector(cursor === undefined ? "#logged-out" : "#expired");
  line.hidden = false;
  line.scrollIntoView({ block: "nearest" });
};

const remove = async (row) => {
  const line = row.querySelector("[role=alert]");
  const { ok, status, body } = await request("DELETE", `/v1/uploads/${row.dataset.id}`);
  if (ok || status === 404) return removeRow(row);
  setProblem(line, status === 401 ? undefined : reason(body), row);
  if (status === 401) stop();
};

/** Shows the progress of an upload until it is processed. */
const follow = async (id) => {
  if (!isLoggedOut) handle(id, await load(id));
};

const load = (id) => request("GET", `/v1/uploads/${id}`);

const handle = (id, response) => {
  const row = rowOf(id);
  // Being sent: the list was loaded after its upload was created.
  if (row && isUnsent(row)) return;
  if (response.status === 401) return stop();
  if (response.status === 404) return row && removeRow(row);
  if (response.ok) showUpload(response.body);
  if (isTemporary(response) || response.body.state === "PROCESSING") setTimeout(follow, 1_000, id);
};

/** Shows the next page of the list. */
const showOlder = async () => {
  older.disabled = true;
  const page = await request("GET", `/v1/uploads?limit=10${cursor ? `&cursor=${cursor}` : ""}`);
  older.disabled = false;
  if (!page.ok) return showProblem(page);
  cursor = page.body.next;
  older.hidden = !cursor;
  const responses = await Promise.all(page.body.items.map(async ({ id }) => [id, await load(id)]));
  for (const [id, response] of responses) handle(id, response);
};

// The whole page accepts files: by default, the browser would open a dropped file.
addEventListener("dragover", (event) => {
  if (event.dataTransfer.types.includes("Files")) event.preventDefault();
});
addEventListener("drop", (event) => {
  const { types, files } = event.dataTransfer;
  if (types.includes("Files")) event.preventDefault();
  if (!isLoggedOut) addFiles(files);
});
// An image dragged from the list would be treated as a file.
list.addEventListener("dragstart", (event) => event.preventDefault());
list.addEventListener("click", ({ target }) => {
  const row = target.closest("li");
  if (target.matches(".retry")) retry(row);
  if (target.matches(".delete")) {
    if (isUnsent(row)) cancel(row);
    else void remove(row);
  }
});
drop.addEventListener("change", ({ target }) => {
  addFiles(target.files);
  target.value = "";
});
older.addEventListener("click", showOlder);

startSending({ onSent: follow, onLoggedOut: stop });
await showOlder();
