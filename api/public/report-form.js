import { today } from "./dates.js";
import { fill, option } from "./elements.js";
import { clearErrors, onSave } from "./form.js";
import { announceLater } from "./report-rows.js";
import { loadAll, request, say } from "./session.js";

const form = document.querySelector("#ask");
const { elements: fields } = form;

/** Lets the user ask for a report. `onAsked` is called with its id. */
export const prepareAsking = ({ projects, me, onAsked }) => {
  const asked = new URLSearchParams(location.search).get("project");
  fill(
    fields.projectId,
    projects.map(({ id, name }) => option(id, name)),
    asked ?? projects[0].id,
  );
  fields.date.value = today(me.zone);
  fields.date.max = fields.date.value;
  fields.projectId.addEventListener("change", () => showSprints(me));
  fields.period.addEventListener("change", () => showSprints(me));
  onSave(form, {
    read,
    save: (data) => request("POST", "/v1/reports", data),
    done: ({ id }) => {
      announceLater(id);
      say("The report is being made");
      onAsked(id);
    },
  });
};

const read = () => {
  const period = fields.period.value;
  const { sprintId, date } = fields;
  return {
    projectId: fields.projectId.value,
    period,
    attach: fields.attach.checked,
    ...(period === "SPRINT" && sprintId.value && { sprintId: sprintId.value }),
    ...(period !== "SPRINT" && { date: date.validity.badInput || !date.value ? "" : date.value }),
  };
};

/** Those that have begun. */
const showSprints = async ({ zone }) => {
  const isSprint = fields.period.value === "SPRINT";
  const projectId = fields.projectId.value;
  fields.date.parentElement.hidden = isSprint;
  fields.sprintId.parentElement.hidden = !isSprint;
  fields.date.parentElement.firstChild.textContent = fields.period.value === "DAY" ? "Day" : "A day in it";
  clearErrors(form);
  if (!isSprint) return;
  const all = await loadAll(`/v1/projects/${projectId}/sprints`);
  if (projectId !== fields.projectId.value) return;
  const begun = all.filter(({ startsOn }) => startsOn <= today(zone));
  const latest = begun.toSorted((a, b) => (a.startsOn < b.startsOn ? 1 : -1));
  fill(
    fields.sprintId,
    latest.map(({ id, name }) => option(id, name)),
    latest[0]?.id,
  );
};
