/** What the ledger and the inbox say about the time since a moment: `GET /watch/books`. */
export const readBooks = async ({ call }, since) => {
  const { ok, body } = await call("GET", `/watch/books?since=${encodeURIComponent(since)}`);
  return ok ? body : undefined;
};

/** Whether nothing is open any more, so that the books will not change by themselves. */
export const isSettled = (books) => books !== undefined && books.jobs.open === 0;

/**
 * What was lost, what was repeated, and what is still open. Three counts that do not know of each other are compared:
 * `accepted` counts responses after a commit, the jobs are rows of the ledger, the mails are in the inbox.
 */
export const verdictOf = (books, accepted = 0) => {
  const { jobs, names = {}, mails } = books;
  const lost = Math.max(0, accepted - jobs.total);
  const sent = names.email?.done ?? 0;
  const unsent = mails ? Math.max(0, sent - mails.distinct) : 0;
  return {
    lost: lost + unsent,
    repeated: mails?.repeated ?? 0,
    open: jobs.open,
    text: sentences({ lost, unsent, sent, accepted, jobs, mails }),
  };
};

const sentences = ({ lost, unsent, sent, accepted, jobs, mails }) =>
  [lossOf(lost, accepted, jobs), mailsOf(unsent, sent, mails), openOf(jobs)].filter(Boolean).join(" ");

const lossOf = (lost, accepted, { total, done, dead, cancelled }) => {
  if (lost > 0)
    return `${jobsOf(lost)} of ${accepted} accepted ones ${lost === 1 ? "is" : "are"} not in the ledger.`;
  if (total === 0) return "No job was enqueued since then.";
  const ends = [
    `${number(done)} done`,
    dead && `${number(dead)} in the dead letter`,
    cancelled && `${number(cancelled)} cancelled`,
  ];
  return `Nothing was lost: of ${jobsOf(total)} since then, ${ends.filter(Boolean).join(", ")}.`;
};

const mailsOf = (unsent, sent, mails) => {
  if (!mails) return "The inbox does not answer, so mails cannot be counted.";
  const { distinct, repeated } = mails;
  if (unsent > 0) return `${mailsIn(unsent)} of ${number(sent)} sent ones did not arrive.`;
  if (sent === 0 && distinct === 0) return "";
  if (repeated === 0) return `${mailsIn(distinct)} arrived, none of them twice.`;
  return `${mailsIn(distinct)} arrived, ${number(repeated)} of them twice: the declared window, a worker died between sending and noting it.`;
};

const openOf = ({ open }) =>
  open === 0 ? "Nothing is open." : `${jobsOf(open)} ${open === 1 ? "is" : "are"} still open.`;

const number = (value) => value.toLocaleString("en-GB");
const jobsOf = (count) => `${number(count)} ${count === 1 ? "job" : "jobs"}`;
const mailsIn = (count) => `${number(count)} ${count === 1 ? "mail" : "mails"}`;
