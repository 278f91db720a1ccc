import { explain, Refused } from "./refusals.js";

/**
 * The public API as the acts call it. Each request becomes a line of the story, and each refusal an error that has a
 * sentence for the visitor. The first job that a request has committed is shown, unless `quiet` is set.
 */
export const createRequests = (context) => {
  /** `why` and `source` say what the request does on the server. @throws Refused */
  const request = async (method, path, body, { headers, quiet, why, source, anonymous } = {}) => {
    const answer = await context.call(method, path, body, headers, anonymous ? { credentials: "omit" } : {});
    context.narrate(describe({ method, path, body, headers }, answer, { why, source }));
    if (!answer.ok) throw new Refused(explain(answer, path), answer);
    if (answer.jobIds[0] && !quiet) context.select(answer.jobIds[0]);
    return answer;
  };

  const describe = (sent, answer, { why, source }) => ({
    at: new Date(context.model.now()).toISOString(),
    kind: "request",
    text: lineOf(sent, answer),
    why: answer.ok ? why : explain(answer, sent.path),
    source: source ?? "api/app.ts#createApp",
    ...(answer.jobIds[0] && { jobId: answer.jobIds[0] }),
    request: { ...sent, status: answer.status, ms: answer.ms, requestId: answer.requestId },
    curl: curlOf(sent),
  });

  return request;
};

export const lineOf = ({ method, path }, { status, ms }) =>
  status === 0
    ? `${method} ${path}: no response came, the connection was lost after ${ms} ms.`
    : `${method} ${path} was answered ${status} in ${ms} ms.`;

/** The request for a terminal. A session is left out: it would be in the history of the shell. */
export const curlOf = ({ method, path, body, headers = {} }, origin = globalThis.location?.origin ?? "") => {
  const parts = [`curl -i -X ${method} ${quoted(origin + path)}`];
  for (const [name, value] of Object.entries(headers))
    if (name.toLowerCase() !== "authorization") parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (isJson(body)) parts.push(`-H 'Content-Type: application/json'`, `-d ${quoted(JSON.stringify(body))}`);
  return parts.join(" ");
};

const isJson = (body) => body !== undefined && !(globalThis.Blob && body instanceof Blob);

/** For a POSIX shell. */
const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
