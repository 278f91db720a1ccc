/**
 * Calls the API as the page. Every outcome is a value: a lost connection has status 0. Jobs that the request committed are
 * followed from then on.
 */
export const createCall =
  (model, counted) =>
  async (method, path, body, headers = {}) => {
    const requestId = `watch-${crypto.randomUUID()}`;
    const startedAt = performance.now();
    const response = await send(method, path, body, {
      "X-Watch": "1",
      "X-Request-Id": requestId,
      ...headers,
    });
    const ms = Math.round(performance.now() - startedAt);
    const answer = response
      ? await describe(response)
      : { ok: false, status: 0, body: undefined, jobIds: [] };
    if (answer.ok) counted({ method, path, ...answer });
    model.follow(answer.jobIds);
    return { ...answer, ms, requestId };
  };

const send = async (method, path, body, headers) => {
  try {
    return await fetch(path, { method, ...encode(body, headers) });
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
  jobIds: (response.headers.get("X-Job-Ids") ?? "").split(",").filter(Boolean),
});

const readBody = async (response) => {
  const text = await response.text().catch(() => "");
  const isJson = response.headers.get("Content-Type")?.includes("json");
  return isJson && text ? JSON.parse(text) : text;
};
