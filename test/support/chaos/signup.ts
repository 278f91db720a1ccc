/** What the API said, or `undefined` where the connection ended without an answer. */
export interface Answer {
  email: string;
  status: number | undefined;
  retryAfter: string | null;
  ms: number;
}

/** Signs an address up. Gives up after 30 s, which no answer may take. */
export const signUp = async (apiUrl: string, email: string): Promise<Answer> => {
  const began = performance.now();
  const response = await fetch(`${apiUrl}/v1/signup`, {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close" },
    body: JSON.stringify({ email, name: "Ada", password: "correct horse battery" }),
    signal: AbortSignal.timeout(30_000),
  }).catch(() => undefined);
  await response?.arrayBuffer().catch(() => {});
  const ms = performance.now() - began;
  return { email, status: response?.status, retryAfter: response?.headers.get("retry-after") ?? null, ms };
};
