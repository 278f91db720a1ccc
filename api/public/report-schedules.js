import { confirmed } from "./dialog.js";
import { button, fill, make, option, personal } from "./elements.js";
import { clearErrors, onSave, reason, show } from "./form.js";
import { load, request, say } from "./session.js";

const form = document.querySelector("#schedule");
const list = document.querySelector("#schedules");
const preview = document.querySelector("#preview");
const removeButton = document.querySelector("#remove-schedule");
const { elements: fields } = form;
const pathOf = (projectId = fields.projectId.value) => `/v1/report-schedules/${projectId}`;

let projects;
let me;
let schedules = [];
/** Counts previews, so that a slow response does not replace a later one. */
let previews = 0;

/** Lets the user schedule reports: one schedule per project. */
export const prepareSchedules = async (given) => {
  ({ projects, me } = given);
  fill(
    fields.projectId,
    projects.map(({ id, name }) => option(id, name)),
    new URLSearchParams(location.search).get("project") ?? projects[0].id,
  );
  fillNumbers(fields.dayOfMonth, 1, 31);
  fillNumbers(fields.hour, 0, 23);
  fillNumbers(fields.minute, 0, 59);
  await loadSchedules();
  await showSchedule();
};

const fillNumbers = (select, first, last) => {
  const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  fill(
    select,
    numbers.map((number) => option(String(number), first === 0 ? twoDigits(number) : String(number))),
  );
};

const twoDigits = (number) => String(number).padStart(2, "0");

const loadSchedules = async () => {
  schedules = (await load("/v1/report-schedules"))?.items ?? [];
  list.replaceChildren(...schedules.map(makeRow));
};

const makeRow = (schedule) => {
  const { projectId, paused } = schedule;
  const name = projects.find(({ id }) => id === projectId)?.name ?? "";
  return make(
    "li",
    {},
    personal(name, "strong"),
    make("span", { className: "quiet", textContent: describe(schedule) }),
    paused ? make("span", { className: "chip", textContent: "paused" }) : "",
    button("Edit", {
      label: `Edit the schedule of ${name}`,
      className: "plain end",
      onClick: async () => {
        fields.projectId.value = projectId;
        await showSchedule();
        fields.cadence.focus();
      },
    }),
  );
};

const describe = ({ cadence, minutes, hour, minute, weekday, dayOfMonth, zone }) => {
  if (cadence === "MINUTES") return minutes === 1 ? "Every minute" : `Every ${minutes} minutes`;
  const day = [...fields.weekday.options].find(({ value }) => value === String(weekday))?.text;
  const when = { DAILY: "Every day", WEEKLY: `Every ${day}`, MONTHLY: `Monthly on day ${dayOfMonth}` }[
    cadence
  ];
  return `${when} at ${clock(hour, minute)}, ${zone}`;
};

const clock = (hour, minute) => `${twoDigits(hour)}:${twoDigits(minute)}`;

/** Fills the form with the schedule of the chosen project, or with a proposal. */
const showSchedule = async () => {
  const schedule = schedules.find(({ projectId }) => projectId === fields.projectId.value);
  const { cadence, hour, minute, weekday, dayOfMonth, zone, delivery, paused } = { ...PROPOSAL, ...schedule };
  // The form offers no minutes: such a schedule comes from the live page.
  fields.cadence.value = cadence === "MINUTES" ? PROPOSAL.cadence : cadence;
  fields.hour.value = String(hour);
  fields.minute.value = String(minute);
  fields.weekday.value = String(weekday ?? 1);
  fields.dayOfMonth.value = String(dayOfMonth ?? 1);
  fields.delivery.value = delivery;
  fields.paused.checked = paused;
  const zones = new Set([zone ?? me.zone, me.zone, ...Intl.supportedValuesOf("timeZone")]);
  fill(
    fields.zone,
    [...zones].map((each) => option(each, each.replaceAll("_", " "))),
    zone ?? me.zone,
  );
  removeButton.hidden = !schedule;
  clearErrors(form);
  show(
    preview.querySelector("p"),
    schedule?.missed > 0 ? `Missed during outages: ${schedule.missed}.` : undefined,
  );
  showDays();
  if (schedule?.nextRuns.length > 0) showRuns(schedule.nextRuns);
  else await showPreview();
};

const PROPOSAL = {
  cadence: "WEEKLY",
  hour: 8,
  minute: 0,
  weekday: 1,
  dayOfMonth: 1,
  delivery: "LINK",
  paused: false,
};

const readCadence = () => {
  const cadence = fields.cadence.value;
  return {
    cadence,
    hour: Number(fields.hour.value),
    minute: Number(fields.minute.value),
    ...(cadence === "WEEKLY" && { weekday: Number(fields.weekday.value) }),
    ...(cadence === "MONTHLY" && { dayOfMonth: Number(fields.dayOfMonth.value) }),
    zone: fields.zone.value,
  };
};

/** Shows which days may be chosen. */
const showDays = () => {
  const cadence = fields.cadence.value;
  fields.weekday.parentElement.hidden = cadence !== "WEEKLY";
  fields.dayOfMonth.parentElement.hidden = cadence !== "MONTHLY";
  document.querySelector("#month-end").hidden = cadence !== "MONTHLY" || Number(fields.dayOfMonth.value) < 29;
};

/** Shows the next runs of what was chosen, as the server computes them. */
const showPreview = async () => {
  const number = ++previews;
  const { ok, body } = await request("POST", "/v1/report-schedules/preview", readCadence());
  if (number !== previews) return;
  show(form.querySelector("[role=alert]"), ok ? undefined : reason(body));
  showRuns(ok ? body.nextRuns : []);
};

const showRuns = (runs) => {
  previews += 1;
  preview.hidden = runs.length === 0;
  preview.classList.toggle("paused", fields.paused.checked);
  preview.querySelector("ol").replaceChildren(...runs.map(makeRun));
};

/** `local` is like 2026-12-01T08:00:00+01:00[Europe/Warsaw]. */
const makeRun = ({ local, utc }) =>
  make(
    "li",
    {},
    make("time", { dateTime: utc, textContent: `${showWeekday(local)}, ${local.slice(11, 16)}` }),
    make("span", { className: "quiet", textContent: `${utcOf(local, utc)} UTC` }),
  );

const showWeekday = (moment) =>
  new Intl.DateTimeFormat("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  })
    .format(new Date(`${moment.slice(0, 10)}T00:00:00Z`))
    .replace(",", "");

/** With its day where that is another. */
const utcOf = (local, utc) => {
  const iso = new Date(utc).toISOString();
  const time = iso.slice(11, 16);
  return iso.slice(0, 10) === local.slice(0, 10) ? time : `${showWeekday(iso)}, ${time}`;
};

form.addEventListener("change", async ({ target }) => {
  if (target === fields.projectId) return showSchedule();
  showDays();
  await showPreview();
  const [first] = preview.querySelectorAll("time");
  if (!preview.hidden && first) say(`Next run ${first.textContent}`);
});

onSave(form, {
  read: () => ({ ...readCadence(), delivery: fields.delivery.value, paused: fields.paused.checked }),
  save: (data) => request("PUT", pathOf(), data),
  done: () => {
    say("Saved the schedule");
    void loadSchedules().then(showSchedule);
  },
});

removeButton.addEventListener("click", async () => {
  const question = {
    title: "Remove this schedule?",
    text: "The reports that it has made remain.",
    action: "Remove schedule",
  };
  if (!(await confirmed(question))) return;
  const { ok, body } = await request("DELETE", pathOf());
  show(form.querySelector("[role=alert]"), ok ? undefined : reason(body));
  if (!ok) return;
  await loadSchedules();
  await showSchedule();
  fields.projectId.focus();
  say("Removed the schedule");
});
