/** Posts JSON and resolves with whether it went well and what was answered; never rejects. */
export const post = async (path, data) => {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(data),
    });
    return { ok: response.ok, body: await response.json() };
  } catch {
    return { ok: false, body: { title: "The server cannot be reached. Please try again." } };
  }
};
