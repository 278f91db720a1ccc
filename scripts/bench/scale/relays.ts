import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onFreshStores } from "../core/stores.ts";
import { ratioFigure, type Measurement } from "../findings.ts";
import { startProcess } from "../measured-process.ts";
import { runRounds } from "../rounds.ts";
import { rateCells } from "./rate-cells.ts";
import { insertWaiting, untilPublished } from "./waiting-jobs.ts";

const RELAYS = [1, 2, 4] as const;
const ROUNDS = { full: 3, quick: 1 };
const JOBS = { full: 20_000, quick: 8_000 };
const file = fileURLToPath(new URL("relay-process.ts", import.meta.url));

/** Compares how fast several relays, each in a process, publish jobs that wait, to one. */
export const measureRelays: Measurement = async (servers, extent) => {
  await using cleanups = new AsyncDisposableStack();
  const processes: ChildProcess[] = [];
  for (let n = 0; n < Math.max(...RELAYS); n++)
    processes.push(cleanups.use(await startProcess(file, {}, "ready")).process);

  const candidates: Record<string, (() => Promise<number>) | undefined> = {};
  for (const kind of ["redis", "postgres"] as const)
    for (const relays of RELAYS)
      candidates[`${kind} ${relays}`] = onFreshStores(servers, kind, async (stores) => {
        await insertWaiting(stores, JOBS[extent]);
        const chosen = processes.slice(0, relays);
        const began = performance.now();
        const started = chosen.map((child) => once(child, "message"));
        for (const child of chosen) child.send(stores.env);
        await untilPublished(stores.database.jobs.sql);
        const seconds = (performance.now() - began) / 1_000;
        await Promise.all(started);
        for (const child of chosen) child.send("stop");
        return JOBS[extent] / seconds;
      });
  const rates = await runRounds(ROUNDS[extent], candidates);
  const of = (kind: string, relays: number) => rates[`${kind} ${relays}`] ?? [];
  return {
    title: "Scale: jobs published per second, their connections included",
    columns: ["", "Redis", "to one", "PostgreSQL", "to one"],
    rows: RELAYS.map((relays) => [
      `${relays} ${relays === 1 ? "relay" : "relays"}`,
      ...rateCells(of("redis", relays), of("redis", 1)),
      ...rateCells(of("postgres", relays), of("postgres", 1)),
    ]),
    figures: [
      ratioFigure("scale_2_relays_redis", of("redis", 2), of("redis", 1)),
      ratioFigure("scale_2_relays_postgres", of("postgres", 2), of("postgres", 1)),
    ],
  };
};
