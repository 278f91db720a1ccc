import { count, plural } from "./numbers.js";

/** Words for times, jobs and workers, the same everywhere on the live page. */

const TIMES = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/** The time of day of a moment, in the browser's zone: "09:05:07". */
export const clock = (at) => TIMES.format(new Date(at));

/** The same with milliseconds. */
export const exactClock = (at) => `${clock(at)}.${String(new Date(at).getMilliseconds()).padStart(3, "0")}`;

/** The last four digits of an id: those of a UUIDv7 are random. */
export const shortId = (id) => `…${id.slice(-4)}`;

/** A worker as the page numbers it; else by its process: ids end in the process id and six random digits. */
export const workerName = (id, model) => {
  if (model?.workerName && id) return model.workerName(id);
  const [, pid] = /-(\d+)-[\da-f]{6}$/.exec(id ?? "") ?? [];
  return pid ? `worker ${pid}` : `worker ${id ?? "?"}`;
};

/** The queues of a worker that does not serve all; "" otherwise. */
export const serves = ({ about }, model) => {
  const names = Object.keys(about?.queues ?? {});
  if (names.length === 0 || names.length >= model.queues.size) return "";
  return names.length > 3 ? plural(names.length, "queue") : names.join(", ");
};

const DETAILS = {
  email: ({ template }) => template,
  "video-encode": ({ height }) => height && `${height}p`,
  "video-thumbnails": ({ number }) => number && `frame ${number}`,
  "demo-task": ({ work }) => work,
};

/** A job's name with what distinguishes it from its siblings: "email verification". */
export const nameOf = ({ name, payload }) => {
  const detail = DETAILS[name]?.(payload ?? {});
  return detail ? `${name} ${detail}` : name;
};

const SHORT = {
  ...{ "video-encode": "encode", "image-resize": "sizes", "video-transcribe": "subtitles", email: "mail" },
  ...{ "account-delete": "delete", "push-notify": "push", "report-generate": "report" },
};

/** A job in one word, where there is little room: "720p", "publish". */
export const shortNameOf = ({ name, payload }) =>
  (name !== "email" && DETAILS[name]?.(payload ?? {})) || SHORT[name] || name.split("-").at(-1);

/** The same without what all jobs of a flow have in common: "encode 720p". */
export const flowNameOf = (job) => nameOf(job).replace(/^video-/, "");

/** A job's name with the end of its id. */
export const titleOf = (job) => `${nameOf(job)} ${shortId(job.id)}`;

/** An error without the names of classes that add nothing to its message, and without its last full stop. */
export const plain = (error) =>
  (error ?? "")
    .replaceAll(/(^|: )(?:Provider|Permanent|Crashed|RateLimited|Timeout)?Error: /g, "$1")
    .replace(/\.$/, "");

const ORDINALS = new Intl.PluralRules("en-GB", { type: "ordinal" });
const ENDINGS = { one: "st", two: "nd", few: "rd", other: "th" };

/** "1st", "22nd". */
export const ordinal = (number) => `${count(number)}${ENDINGS[ORDINALS.select(number)]}`;

/** Milliseconds of an ISO time; undefined without one. */
export const time = (iso) => (iso ? Date.parse(iso) : undefined);
