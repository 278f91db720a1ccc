import { prepareAsking } from "./report-form.js";
import { removeRow, rowOf, showReport } from "./report-rows.js";
import { followReports, pollSoon } from "./report-polling.js";
import { prepareSchedules } from "./report-schedules.js";
import { enter, load, loadAll, request, showProblem } from "./session.js";
import { reason } from "./form.js";

const list = document.querySelector("#reports");
const more = document.querySelector("#more-reports");
let me;
let cursor;

const show = (report) => showReport(report, { me, onDelete: remove });

const showMore = async () => {
  more.disabled = true;
  const page = await load(`/v1/reports?limit=10${cursor ? `&cursor=${cursor}` : ""}`);
  more.disabled = false;
  if (!page) return;
  cursor = page.next;
  more.hidden = !cursor;
  for (const report of page.items) show(report);
  showEmpty();
  pollSoon();
};

const showEmpty = () => {
  document.querySelector("#no-reports").hidden = list.children.length > 0;
};

const remove = async (id) => {
  const { ok, status, body } = await request("DELETE", `/v1/reports/${id}`);
  if (!ok && status !== 404) return showProblem(reason(body));
  removeRow(id);
  showEmpty();
};

const add = async (id) => {
  const report = await load(`/v1/reports/${id}`);
  if (!report) return;
  show(report);
  showEmpty();
  pollSoon();
};

/** Shows the report that the link in a mail names. */
const showNamed = async () => {
  const id = location.hash.slice(1);
  if (!/^[\w-]+$/.test(id)) return;
  if (!rowOf(id)) await add(id);
  const row = rowOf(id);
  row?.focus();
  row?.scrollIntoView({ block: "center" });
};

const start = async () => {
  const projects = await loadAll("/v1/projects");
  document.querySelector("#content").hidden = projects.length === 0;
  document.querySelector("#no-projects").hidden = projects.length > 0;
  if (projects.length === 0) return;
  prepareAsking({ projects, me, onAsked: add });
  followReports(show);
  more.addEventListener("click", showMore);
  addEventListener("hashchange", showNamed);
  await Promise.all([showMore().then(showNamed), prepareSchedules({ projects, me })]);
};

me = await enter();
if (me) await start();
