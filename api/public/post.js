/** Sends a request. Resolves with the status (0 without a response) and the body; never rejects. */
export const send = async (method, path, data) => {
  let status = 0;
  try {
    const response = await fetch(path, {
      method,
      ...(data && { headers: { "content-type": "application/json" }, body: JSON.stringify(data) }),
    });
    ({ status } = response);
    return { ok: response.ok, status, body: status === 204 ? {} : await response.json() };
  } catch {
    return { ok: false, status, body: { title: "The server is unavailable. Try again." } };
  }
};

export const post = (path, data) => send("POST", path, data);

const TEMPORARY = [408, 429];

/** Whether the same request may succeed later. */
export const isTemporary = ({ ok, status }) =>
  !ok && (status < 400 || status >= 500 || TEMPORARY.includes(status));
