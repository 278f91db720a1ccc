import { createAct } from "./act.js";
import { createAnnouncer } from "./announce.js";
import { createBalance } from "./balance.js";
import { createBanner } from "./banner.js";
import { createBatches } from "./batches.js";
import { createBreak } from "./break.js";
import { createCall } from "./call.js";
import { createChosen } from "./chosen.js";
import { createClock } from "./clock.js";
import { createDead } from "./dead.js";
import { createFolds } from "./fold.js";
import { createHeader } from "./header.js";
import { createJob } from "./job.js";
import { listenToKeys } from "./keys.js";
import { createModel } from "./model.js";
import { createMotion } from "./motion.js";
import { createResults } from "./results.js";
import { createSchedules } from "./schedules.js";
import { createSelection } from "./selection.js";
import { createStage } from "./stage.js";
import { createStory } from "./story.js";
import { openStream } from "./stream.js";
import { createTabs } from "./tabs.js";
import { createTour } from "./tour.js";
import { createWorkers } from "./workers.js";

/** The parts of the page, in the order of the document. */
const PARTS = {
  act: createAct,
  break: createBreak,
  tour: createTour,
  stage: createStage,
  story: createStory,
  workers: createWorkers,
  dead: createDead,
  batches: createBatches,
  schedules: createSchedules,
  job: createJob,
  results: createResults,
};

const OWN = "offstage.watch.own";
const find = (selector) => document.querySelector(selector);

const model = createModel({
  own: JSON.parse(sessionStorage.getItem(OWN) ?? "[]"),
  save: (ids) => sessionStorage.setItem(OWN, JSON.stringify(ids)),
});
const clock = createClock(model);
const motion = createMotion();
const selection = createSelection();
const say = createAnnouncer((text) => (find("#status").textContent = text));
/** Begins the ids of all requests of this page, so that the ledger's rows name the page that they are from. */
const requests = `watch-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}-`;
const balance = createBalance((found) => header.showBalance(found), { model, clock, requests });

const context = {
  model,
  clock,
  motion,
  ...selection,
  say,
  call: createCall(model, requests, balance.record),
  narrate: () => {},
  step: () => undefined,
  goTo: () => {},
};

createFolds(document.querySelectorAll("main section"));
const tabs = createTabs(find("#tabs"));
context.onSelect((id) => id && tabs.open("job"));
const chosen = createChosen(find("#chosen"), context);

// A part may add to the context: the story `narrate`, the tour `step` and `goTo`, which uses the acts and breakages.
const parts = {};
for (const [section, create] of Object.entries(PARTS)) {
  parts[section] = create(find(`#${section} .content`), context) ?? {};
  for (const key of ["narrate", "step", "goTo", "acts", "breakages"])
    if (parts[section][key]) context[key] = parts[section][key];
}

const { narrate } = context;
context.narrate = (line) => {
  narrate(line);
  if (!line.jobId || model.mine.has(line.jobId)) chosen.say(line.text);
};

const header = createHeader(context, { lag: parts.stage.lag });
createBanner(find("#banner"), context);
listenToKeys({
  p: () => find("[data-part=pause]").click(),
  c: () => find("[data-part=calm]").click(),
});
find(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // The fragment of the URL holds the chosen job and the step of the tour.
  find("#stage").focus();
});

const stream = openStream(model, () => (selection.selected() ? [selection.selected()] : []));
selection.onSelect((id) => id && !model.jobs.has(id) && stream.reopen());
