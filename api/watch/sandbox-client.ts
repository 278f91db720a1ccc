import { Problem } from "../http/problem.ts";

/** Milliseconds to wait for the sandbox process. */
const TIMEOUT = 3_000;

/** The JSON API of the sandbox process: see sandbox/app.ts. */
export interface SandboxClient {
  /** @throws Problem if the sandbox cannot be reached, or does not know what is asked for */
  json(path: string, change?: { method: "PUT"; body: unknown }): Promise<unknown>;
  /** @throws Problem as above */
  text(path: string): Promise<string>;
}

export const createSandboxClient = (url: string): SandboxClient => {
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(url + path, { ...init, signal: AbortSignal.timeout(TIMEOUT) }).catch(() => {
      throw new Problem("unavailable", { detail: "The sandbox cannot be reached." });
    });
    if (response.status === 404) throw new Problem("not-found");
    if (!response.ok) throw new Problem("unavailable", { detail: `The sandbox answers ${response.status}.` });
    return response;
  };
  return {
    json: async (path, change) => {
      const headers = { "content-type": "application/json" };
      const init = change && { method: change.method, headers, body: JSON.stringify(change.body) };
      return (await ask(path, init)).json();
    },
    text: async (path) => (await ask(path)).text(),
  };
};
