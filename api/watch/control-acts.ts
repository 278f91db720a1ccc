import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import type { Jobs, Sql } from "../../workers/core/index.ts";
import { Problem } from "../http/problem.ts";
import { type BreakSwitches, providers } from "./breaks.ts";
import type { Demos } from "./demos.ts";
import type { Loads } from "./loads.ts";
import { cancel, retry, retryMany, selection } from "./repairs.ts";
import type { Safety } from "./safety.ts";
import type { SandboxClient } from "./sandbox-client.ts";

export interface ControlDeps {
  readonly safety: Safety;
  readonly breaks: BreakSwitches;
  readonly demos: Demos;
  readonly loads: Loads;
  readonly sandbox: SandboxClient;
  readonly jobs: Jobs<Tx>;
  readonly sql: Sql;
  readonly queues: readonly string[];
  /** The name of this process, as the stream has it. */
  readonly server: string;
  /** Orders a worker to kill itself. Resolves with false if it does not listen. */
  killWorker(id: string): Promise<boolean>;
  /** Kills this process. */
  die(): Promise<never>;
}

/** An act of the live page. */
interface Act<Body extends z.ZodType> {
  readonly method: "post" | "put";
  readonly path: string;
  readonly body: Body;
  /** On success. Default: 200. */
  readonly status?: 200 | 202;
  /** Whether it breaks something: one such act per second. */
  breaks?(body: z.output<Body>): boolean;
  run(body: z.output<Body>, params: Record<string, string>): Promise<object>;
  /** Runs when the response has been sent. */
  after?(): void;
}

export type AnyAct = Act<z.ZodType>;

const act = <Body extends z.ZodType>(defined: Act<Body>) => defined as unknown as AnyAct;

const nothing = z.unknown();
const always = () => true;
const upTo = (most: number) => z.number().int().min(1).max(most);

/** Milliseconds between the response and the end of the process, so that the response arrives. */
const LAST_WORDS = 100;

export const breakActs = ({
  breaks,
  demos,
  loads,
  queues,
  server,
  killWorker,
  die,
}: ControlDeps): AnyAct[] => [
  act({
    method: "put",
    path: "/providers",
    body: providers.partial().refine((change) => Object.keys(change).length > 0, "Name a provider."),
    breaks: (change) => Object.values(change).some((mode) => mode !== "off"),
    run: breaks.setProviders,
  }),
  act({
    method: "post",
    path: "/workers/:id/kill",
    body: nothing,
    breaks: always,
    run: async (_body, { id = "" }) => {
      if (!(await killWorker(id))) throw new Problem("not-found", { detail: "No such worker is alive." });
      return { killed: id };
    },
  }),
  act({
    method: "post",
    path: "/api/kill",
    body: nothing,
    breaks: always,
    run: async () => ({ killed: server }),
    after: () => void setTimeout(() => void die(), LAST_WORDS),
  }),
  act({
    method: "post",
    path: "/broker/empty",
    body: nothing,
    breaks: always,
    run: async () => ({ held: await breaks.emptyBroker() }),
  }),
  act({
    method: "put",
    path: "/queues/:name",
    body: z.strictObject({ paused: z.boolean() }),
    breaks: ({ paused }) => paused,
    run: async ({ paused }, { name = "" }) => {
      if (!queues.includes(name)) throw new Problem("not-found", { detail: "No such queue." });
      return { paused: await breaks.setPaused(name, paused) };
    },
  }),
  act({
    method: "post",
    path: "/poison",
    body: nothing,
    breaks: always,
    run: async () => ({ id: await demos.poison() }),
  }),
  act({
    method: "post",
    path: "/flood",
    status: 202,
    body: z.strictObject({ signups: upTo(1_000) }),
    breaks: always,
    run: async ({ signups }) => {
      const { id, startedAt } = await loads.start("flood", signups, demos.flood());
      return { id, signups, since: startedAt };
    },
  }),
  act({
    method: "post",
    path: "/rain",
    status: 202,
    body: z.strictObject({ perSecond: upTo(1_000), seconds: upTo(30) }),
    breaks: always,
    run: async ({ perSecond, seconds }) => {
      const { id, startedAt } = await loads.start("rain", perSecond * seconds, demos.rain(perSecond));
      return { id, perSecond, seconds, since: startedAt };
    },
  }),
];

export const demoActs = ({ demos }: ControlDeps): AnyAct[] => {
  const many = z.strictObject({ count: upTo(50).default(10) });
  return [
    act({
      method: "post",
      path: "/limited",
      body: many,
      run: async ({ count }) => ({ ids: await demos.limited(count) }),
    }),
    act({
      method: "post",
      path: "/ordered",
      body: many,
      run: async ({ count }) => ({ ids: await demos.ordered(count) }),
    }),
    act({
      method: "post",
      path: "/batch",
      body: z.strictObject({ count: upTo(1_000) }),
      run: async ({ count }) => ({ id: await demos.batch(count) }),
    }),
    act({ method: "post", path: "/twice", body: nothing, run: async () => ({ ids: await demos.twice() }) }),
  ];
};

export const repairActs = ({ breaks, jobs }: ControlDeps): AnyAct[] => [
  act({
    method: "post",
    path: "/jobs/retry",
    body: selection,
    run: (wanted) => retryMany(jobs, wanted),
  }),
  act({
    method: "post",
    path: "/jobs/:id/retry",
    body: nothing,
    run: (_body, { id = "" }) => retry(jobs, id),
  }),
  act({
    method: "post",
    path: "/jobs/:id/cancel",
    body: nothing,
    run: (_body, { id = "" }) => cancel(jobs, id),
  }),
  act({ method: "post", path: "/reset", body: nothing, run: breaks.reset }),
];
