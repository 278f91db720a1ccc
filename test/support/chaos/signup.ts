/** The response of the API. `status` is undefined if the connection ended without one. */
export interface SignUpResponse {
  email: string;
  status: number | undefined;
  retryAfter: string | null;
  ms: number;
}

/** Signs up an address. Times out after 30 s, the maximum for any response. */
export const signUp = async (apiUrl: string, email: string): Promise<SignUpResponse> => {
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
