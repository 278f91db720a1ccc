/**
 * Calls the API as the page. Every outcome is a value: a lost connection has status 0. Jobs that the request committed are
 * followed from then on. All ids of requests begin with `requests`.
 */
export const createCall = (model, requests, counted) => {
  let sent = 0;
  return async (method, path, body, headers = {}, options = {}) => {
    const requestId = `${requests}${(sent += 1)}`;
    const startedAt = performance.now();
    const ownHeaders = { "X-Watch": "1", "X-Request-Id": requestId };
    const response = await sendInTurn(method, path, body, { ...ownHeaders, ...headers }, options);
    const ms = Math.round(performance.now() - startedAt);
    const answer = response
      ? await describe(response)
      : { ok: false, status: 0, body: undefined, jobIds: [], jobCount: 0 };
    if (answer.ok) counted({ method, path, ...answer });
    model.follow(answer.jobIds);
    return { ...answer, ms, requestId };
  };
};

/** A control that breaks something is refused within a second of another one. Then it waits for its turn. */
const sendInTurn = async (...request) => {
  const [, path] = request;
  const response = await send(...request);
  const mustWait = response?.status === 429 && path.startsWith("/watch/control/");
  if (!mustWait) return response;
  const seconds = Number(response.headers.get("Retry-After"));
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  return sendInTurn(...request);
};

const send = async (method, path, body, headers, options) => {
  try {
    return await fetch(path, { method, ...options, ...encode(body, headers) });
  } catch {
    return undefined; // The connection was lost, for example because the process was killed.
  }
};

const encode = (body, headers) => {
  if (body === undefined) return { headers };
  if (body instanceof Blob || body instanceof FormData || typeof body === "string") return { headers, body };
  return { headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) };
};

const describe = async (response) => ({
  ok: response.ok,
  status: response.status,
  body: await readBody(response),
  retryAfter: Number(response.headers.get("Retry-After")) || 0,
  jobIds: (response.headers.get("X-Job-Ids") ?? "").split(",").filter(Boolean),
  /** Of many jobs, only the newest have their ids in the response. A flow counts as one. */
  jobCount: Number(response.headers.get("X-Job-Count")),
});

const readBody = async (response) => {
  const text = await response.text().catch(() => "");
  const isJson = response.headers.get("Content-Type")?.includes("json");
  return isJson && text ? JSON.parse(text) : text;
};
