/** Asks the server and resolves with the status, 0 where none came, and with what was answered; never rejects. */
export const ask = async (method, path, data) => {
  let status = 0;
  try {
    const response = await fetch(path, {
      method,
      ...(data && { headers: { "content-type": "application/json" }, body: JSON.stringify(data) }),
    });
    ({ status } = response);
    return { ok: response.ok, status, body: status === 204 ? {} : await response.json() };
  } catch {
    return { ok: false, status, body: { title: "The server cannot be reached. Please try again." } };
  }
};

export const post = (path, data) => ask("POST", path, data);

const PASSING = [408, 429];

/** Whether the same request may be answered otherwise a little later. */
export const isPassing = ({ ok, status }) =>
  !ok && (status < 400 || status >= 500 || PASSING.includes(status));
