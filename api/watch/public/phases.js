/** The stations of a lane, in the order in which a job passes them. */
export const STATIONS = [
  {
    name: "committed",
    title: "Committed",
    hint: "in the ledger",
    phases: ["scheduled", "committed", "children", "turn"],
  },
  { name: "queued", title: "Queued", hint: "in the broker", phases: ["queued"] },
  { name: "running", title: "Running", hint: "on a worker", phases: ["running"] },
  { name: "again", title: "Again", hint: "waits to retry", phases: ["again"] },
  { name: "ended", title: "Ended", hint: "done, dead", phases: ["done", "dead", "cancelled"] },
];

const stationOfPhase = new Map(STATIONS.flatMap(({ name, phases }) => phases.map((phase) => [phase, name])));

export const stationOf = (phase) => stationOfPhase.get(phase);

/** The number of jobs of a lane at each station. */
export const countAt = (lane, { name, phases }) =>
  name === "ended"
    ? (lane.done ?? 0) + (lane.dead ?? 0)
    : phases.reduce((sum, phase) => sum + (lane[phase] ?? 0), 0);

/** Jobs that have not ended. */
export const openIn = (lane) =>
  STATIONS.reduce((sum, station) => (station.name === "ended" ? sum : sum + countAt(lane, station)), 0);

const WORDS = {
  scheduled: "due later",
  committed: "committed, not yet with the broker",
  children: "waits for its children",
  turn: "waits for its turn",
  queued: "queued",
  again: "waits to retry",
  done: "done",
  dead: "in the dead letter",
  cancelled: "cancelled",
};

/** "email …f3a1: running, attempt 2 of 20 on worker 1": the name of a token. */
export const describeJob = (job, phase, model) =>
  `${job.name} ${shortId(job.id)}: ${phaseInWords(job, phase, model)}`;

const phaseInWords = (job, phase, model) => {
  const attempts = model.queues.get(job.name)?.attempts;
  const attempt = attempts ? `attempt ${job.attempt + 1} of ${attempts}` : `attempt ${job.attempt + 1}`;
  if (phase === "running") return `running, ${attempt} on ${model.workerName(job.startedBy)}`;
  if (phase === "again" || (phase === "queued" && job.attempt > 0)) return `${WORDS[phase]}, ${attempt}`;
  return WORDS[phase] ?? phase;
};

/** Ids are UUIDv7: their end is random, their start is the time. */
export const shortId = (id) => `…${id.slice(-4)}`;
