import { createAnnouncer } from "./announce.js";
import { createCall } from "./call.js";
import { createClock } from "./clock.js";
import { createModel } from "./model.js";
import { createSelection } from "./selection.js";
import { openStream } from "./stream.js";

const OWN = "offstage.watch.own";

const status = document.querySelector("#status");
const model = createModel({
  own: JSON.parse(sessionStorage.getItem(OWN) ?? "[]"),
  save: (ids) => sessionStorage.setItem(OWN, JSON.stringify(ids)),
});
const selection = createSelection();

const context = {
  model,
  clock: createClock(model),
  ...selection,
  say: createAnnouncer((text) => (status.textContent = text)),
  call: createCall(model, () => {}),
  narrate: () => {},
  step: () => undefined,
  goTo: () => {},
};

/** The parts of the page, in the order of the document: section, file, function. */
const PARTS = [
  ["act", "./act.js", "createAct"],
  ["break", "./break.js", "createBreak"],
  ["tour", "./tour.js", "createTour"],
  ["stage", "./stage.js", "createStage"],
  ["story", "./story.js", "createStory"],
  ["workers", "./workers.js", "createWorkers"],
  ["dead", "./dead.js", "createDead"],
  ["batches", "./batches.js", "createBatches"],
  ["schedules", "./schedules.js", "createSchedules"],
  ["job", "./job.js", "createJob"],
  ["results", "./results.js", "createResults"],
];

// A part may replace `narrate`, `step` and `goTo` of the context: the story and the tour implement them.
for (const [section, file, name] of PARTS) {
  const part = await import(file).catch(() => undefined);
  const offered = part?.[name](document.querySelector(`#${section} .content`), context);
  for (const key of ["narrate", "step", "goTo"]) if (offered?.[key]) context[key] = offered[key];
}

const stream = openStream(model, () => (selection.selected() ? [selection.selected()] : []));
selection.onSelect((id) => id && !model.jobs.has(id) && stream.reopen());
