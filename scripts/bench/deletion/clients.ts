import { setTimeout as sleep } from "node:timers/promises";
import { confidenceInterval, percentile } from "../statistics.ts";
import type { Figure } from "../findings.ts";
import { BYSTANDERS, PASSWORD } from "./population.ts";
import type { Query } from "./query.ts";

/** Milliseconds between two requests of a kind. */
const INTERVAL = 100;

/** The times of each kind of request, in milliseconds. */
export type Times = Readonly<Record<Kind, number[]>>;

const kinds = ["GET /v1/me", "GET tasks", "POST comment", "PATCH task", "POST login"] as const;
type Kind = (typeof kinds)[number];

export interface Clients {
  /** Sends requests of all kinds at once until the signal aborts. */
  measure(signal: AbortSignal): Promise<{ times: Times; failed: number }>;
}

/**
 * Other users. One of them reads, comments and changes tasks in a project that the user is a member of: tasks that are
 * assigned to her, so that both want to change the same rows.
 */
export const createClients = async (api: string, query: Query): Promise<Clients> => {
  const tasks = await query<{ id: string; projectId: string }>(
    `SELECT t.id, "projectId" FROM "Task" t WHERE "projectId" = (SELECT id FROM "Project" WHERE name = 'shared' LIMIT 1)
        AND "assigneeId" = (SELECT id FROM "User" WHERE email = 'ada@example.com') ORDER BY random()`,
  );
  const taskAt = (n: number) => tasks[n % tasks.length] ?? { id: "", projectId: "" };
  const token = await logIn(api, 1);
  const as = { authorization: `Bearer ${token}` };
  // Each user logs in for the first time: a login from a new device would be reported.
  let user = 10;

  const requests: Readonly<Record<Kind, (n: number) => Promise<unknown>>> = {
    "GET /v1/me": () => send("GET", `${api}/v1/me`, as),
    "GET tasks": (n) => send("GET", `${api}/v1/projects/${taskAt(n).projectId}/tasks`, as),
    "POST comment": (n) =>
      send("POST", `${api}/v1/tasks/${taskAt(n).id}/comments`, as, { body: "Meanwhile" }),
    "PATCH task": (n) => send("PATCH", `${api}/v1/tasks/${taskAt(n).id}`, as, { title: `Task ${n}` }),
    "POST login": () => logIn(api, 1 + (user++ % BYSTANDERS)),
  };
  return {
    measure: async (signal) => {
      const times: Times = {
        ...{ "GET /v1/me": [], "GET tasks": [], "POST comment": [], "PATCH task": [], "POST login": [] },
      };
      let failed = 0;
      const repeat = async (kind: Kind) => {
        for (let n = 0; !signal.aborted; n++) {
          const interval = sleep(INTERVAL);
          const startedAt = performance.now();
          await requests[kind](n).catch(() => failed++);
          times[kind].push(performance.now() - startedAt);
          await interval;
        }
      };
      await Promise.all(kinds.map(repeat));
      return { times, failed };
    },
  };
};

const logIn = async (api: string, user: number): Promise<string> => {
  const account = { email: `${user}@example.com`, password: PASSWORD, as: "bearer" };
  const { token } = (await send("POST", `${api}/v1/login`, {}, account)) as { token: string };
  return token;
};

/** @throws Error if the response is not a success */
export const send = async (
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body?: object,
): Promise<unknown> => {
  const response = await fetch(url, {
    method,
    headers: { ...headers, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url} responded with ${response.status}: ${text}`);
  return JSON.parse(text);
};

export const timesTable = (before: Times, during: Times) =>
  kinds.map((kind) => [
    kind,
    ...[before[kind], during[kind]].flatMap((times) => [
      `${times.length}`,
      ...[0.5, 0.99, 1].map((share) => percentile(times, share).toFixed(0)),
    ]),
    ratioOf(before[kind])(during[kind]).toFixed(2),
  ]);

export const timesColumns = [
  "milliseconds to the response",
  ...["before", "p50", "p99", "max", "during", "p50", "p99", "max", "p99 ratio"],
];

/** The ratio of the kind of request that suffers most. */
export const worstRatio = (name: string, before: Times, during: Times): Figure => {
  const figures = kinds.map((kind): Figure => {
    const ratio = ratioOf(before[kind]);
    return { name, value: ratio(during[kind]), range: confidenceInterval(during[kind], ratio) };
  });
  return figures.reduce((worst, each) => (each.value > worst.value ? each : worst));
};

const ratioOf = (before: readonly number[]) => (times: readonly number[]) =>
  percentile(times, 0.99) / percentile(before, 0.99);
