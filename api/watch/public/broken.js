import { count } from "./numbers.js";

const MODES = {
  refuse: "is down",
  reject: "rejects everything",
  slow: "is slow",
  hang: "never answers",
  limit: "limits the rate",
  credentials: "refuses our credentials",
};

const PROVIDERS = { mail: "Mail", transcription: "Transcription", push: "Push" };

/** What is broken at the moment, in words. */
export const listBroken = ({ breaks, workers }) => {
  const broken = Object.entries(breaks.providers)
    .filter(([, mode]) => MODES[mode])
    .map(([provider, mode]) => `${PROVIDERS[provider] ?? provider} ${MODES[mode]}`);
  if (breaks.paused.length > 0) broken.push(`Paused: ${breaks.paused.join(", ")}`);
  if (isRunning(breaks.flood)) broken.push(floodInWords(breaks.flood));
  if (workers.length > 0 && workers.every(({ alive }) => !alive)) broken.push("No worker is alive");
  return broken;
};

const isRunning = (flood) => flood && !flood.endedAt;

const floodInWords = ({ kind, accepted, wanted }) =>
  `${kind === "rain" ? "Rain" : "Flood"}: ${count(accepted)} of ${count(wanted)}`;
