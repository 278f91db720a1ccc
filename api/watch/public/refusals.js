/** A request that was refused, with a sentence for the visitor. */
export class Refused extends Error {
  constructor(sentence, answer) {
    super(sentence);
    this.name = "Refused";
    this.answer = answer;
  }
}

/** The limits of api/rate-limits.ts that a visitor can meet, in words, by the path's beginning. */
const LIMITS = [
  [
    "/v1/signup",
    "50 mails an hour may be caused by one client, and 5 sign-ups an hour have the same address",
  ],
  ["/v1/login", "one client may log in 100 times in 15 minutes"],
  ["/v1/verify-email", "one client may try 30 codes an hour"],
  ["/v1/uploads", "one user may send 1,000 files an hour"],
  ["/v1/reports", "one user may ask for 100 reports an hour"],
  ["/v1/projects", "one user may create 100 projects an hour and invite 50 people"],
  ["/v1/devices", "one user may register 100 devices an hour"],
  ["/watch/control", "one thing may be broken per second"],
];

/** One sentence: what was refused, and when it would work. */
export const explain = ({ status, body, retryAfter }, path) => {
  if (status === 0) return "No response came: the connection was lost, or the process died.";
  if (status === 429) return limitOf(path, retryAfter);
  if (status === 401) return "The session has ended: log in again.";
  if (status === 503) return "The server is restarting or its database is away. Try again in a moment.";
  return `${titleOf(body)} (${status})`;
};

const limitOf = (path, retryAfter) => {
  const [, limit] = LIMITS.find(([start]) => path.startsWith(start)) ?? [];
  const rule = limit ? `Too many requests: ${limit}.` : "Too many requests.";
  return retryAfter > 0 ? `${rule} It works again in ${inWords(retryAfter)}.` : rule;
};

const titleOf = (body) =>
  body?.errors?.[0]?.message ?? body?.detail ?? body?.title ?? "The request was refused.";

const inWords = (seconds) => (seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} minutes`);
