/** What can be broken, and what will be seen: the words of the cards. */

export const MODES = [
  ["off", "works"],
  ["refuse", "down"],
  ["slow", "slow"],
  ["reject", "rejects"],
  ["hang", "hangs"],
];

export const PROVIDERS = [
  {
    name: "mail",
    label: "Mail provider",
    queue: "email",
    refuse:
      "Each mail is tried again after about 1, 2, 4, 8 … seconds. Sign-ups are answered as quickly as before.",
    slow: "Mails take seconds each. Their lane fills; the other lanes do not notice.",
    reject:
      "The provider says that an address does not exist: no more attempts, the job goes to the dead letter.",
    hang: "The provider accepts the connection and says nothing. The attempt ends by its time limit and is repeated.",
  },
  {
    name: "transcription",
    label: "Transcription provider",
    queue: "video-transcribe",
    refuse: "Subtitles are tried again. If they fail for good, the video is published without them.",
    slow: "Subtitles are late; renditions and frames of the same video go on.",
    reject: "The video is published without subtitles, and says so.",
    hang: "The attempt ends by its time limit and is repeated.",
  },
  {
    name: "push",
    label: "Push provider",
    queue: "push-notify",
    refuse:
      "The provider answers 503: the whole queue pauses for seconds, again and again, and no attempt is spent. Those of one person stay in order.",
    slow: "Pushes of one person come slowly, one at a time. Those of others are not held up.",
    reject: "The provider says that the phone is gone: it is removed, and the job is done.",
    hang: "The attempt ends by its time limit and is repeated.",
  },
];

export const foreseen = (provider, mode) =>
  mode === "off" ? "It works. What waits for it goes through at the next attempt." : provider[mode];

export const CARDS = {
  worker:
    "It dies at once, in the middle of its jobs. For about 10 s they seem to run; then another worker takes them, and the crash is noted. The supervisor starts a new worker.",
  before:
    "A sign-up, killed right before its commit. No response comes. Neither the account nor its job exists, so you may simply send it again.",
  after:
    "A sign-up, killed right after its commit. No response comes, but the account and its job exist: the mail arrives.",
  empty:
    "Everything in the broker is deleted. The ledger still has each job: the sweep finds what is missing within seconds and publishes it again. Fill a lane first, with a flood or a broken provider.",
  pause: "No worker takes a job of this queue. Requests are answered as before, and jobs wait in the lane.",
  poison:
    "A job that kills its worker at each attempt. After 3 crashes it goes to the dead letter, and the workers are safe.",
  flood:
    "1,000 people sign up within seconds. All are answered; the provider allows 14 mails a second, so the mails take about 71 s.",
  rain: "1,000 jobs a second for 10 s, each of which does nothing. The lanes show counts, because single jobs would be too quick to see.",
};

/** The number of things that are broken now, from what the server says. */
export const brokenIn = ({ providers = {}, paused = [] }) => [
  ...PROVIDERS.filter(({ name }) => isBroken(providers[name])).map(({ name, label }) => ({ name, label })),
  ...paused.map((queue) => ({ name: queue, label: `Queue ${queue}` })),
];

export const isBroken = (mode) => mode !== undefined && mode !== "off" && mode !== "unknown";

/** What is true after the API was killed during a sign-up: the ledger knows. */
export const truthAfterKill = ({ status }, jobs) => {
  if (status !== 0) return "The response came before the process died: kill it again.";
  if (jobs === undefined) return "No response came, and the API has not answered since then.";
  if (jobs.length === 0)
    return "No response came. The ledger has no job of this request: nothing was committed, and nothing is half done.";
  return `No response came, but the request was committed: its job is in the ledger (${jobs[0].phase}), and the mail goes out.`;
};
