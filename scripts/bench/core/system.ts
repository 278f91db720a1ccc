import { randomUUID } from "node:crypto";
import { freePort } from "../../processes/ports.ts";
import { startProcess, type ProjectProcess } from "../measured-process.ts";
import type { Servers } from "../servers.ts";

export type Outage = "off" | "refuse" | "hang";

/** An API, a worker and the sandbox as mail provider, as in `npm start`: separate processes with their own database. */
export interface System extends AsyncDisposable {
  readonly api: ProjectProcess;
  readonly worker: ProjectProcess;
  /** Resolves with the response time in milliseconds. @throws Error if the status is not 202 */
  signUp(): Promise<number>;
}

export const startSystem = async (servers: Servers, mail: Outage): Promise<System> => {
  await using cleanups = new AsyncDisposableStack();
  const { url } = cleanups.use(await servers.createDatabase());
  const ports = { api: await freePort(), smtp: await freePort(), inbox: await freePort() };
  const env = {
    DATABASE_URL: url,
    QUEUE_URL: url,
    PORT: `${ports.api}`,
    THROTTLES: "false",
    SMTP_URL: `smtp://127.0.0.1:${ports.smtp}`,
    SANDBOX_SMTP_PORT: `${ports.smtp}`,
    SANDBOX_HTTP_PORT: `${ports.inbox}`,
  };
  cleanups.use(await startProcess("sandbox/main.ts", env, "listening"));
  await send("PUT", `http://127.0.0.1:${ports.inbox}/api/outage`, { mail });
  const api = cleanups.use(await startProcess("api/main.ts", env, "listening"));
  const worker = cleanups.use(await startProcess("workers/main.ts", env, "working"));

  const owned = cleanups.move();
  return {
    api,
    worker,
    signUp: async () => {
      const account = {
        email: `${randomUUID()}@example.com`,
        name: "Ada",
        password: "correct horse battery",
      };
      const startedAt = performance.now();
      const status = await send("POST", `http://127.0.0.1:${ports.api}/v1/signup`, account);
      if (status !== 202) throw new Error(`sign-up responded with status ${status}, not 202`);
      return performance.now() - startedAt;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

/** Resolves with the status of the response, once its body is received. */
const send = async (method: string, url: string, body: object): Promise<number> => {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
  await response.arrayBuffer();
  return response.status;
};
