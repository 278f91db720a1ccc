import { AsyncLocalStorage } from "node:async_hooks";
import type { Request, RequestHandler, Response } from "express";
import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import type { EnqueueMany, Jobs, Sql } from "../../workers/core/index.ts";
import { invalidField } from "../http/problem.ts";
import type { Safety } from "./safety.ts";

/** The most ids that one response names. */
const MOST_IDS = 40;

/** What is known about the request that the current call chain belongs to. */
interface Tracked {
  readonly response: Response;
  readonly committed: string[];
  /** How many jobs, of which the ids above may be a part. A flow counts as one. */
  count: number;
  readonly killAt: KillAt | undefined;
}

const killAt = z.enum(["before-commit", "after-commit"]);
type KillAt = z.output<typeof killAt>;

interface Options<Tx> {
  readonly jobs: Jobs<Tx>;
  readonly safety: Safety;
  /** Kills this process. */
  die(): Promise<never>;
}

interface RequestJobs<Tx> {
  /** Must run before the routes. */
  readonly around: RequestHandler;
  /** The same jobs, for the routes. */
  readonly jobs: Jobs<Tx>;
}

/**
 * Names the jobs that a request has committed in the header X-Job-Ids of its response: of a flow the root, of many
 * jobs the newest 40. X-Job-Count is how many they are. With the header X-Watch-Kill, which only the live page may
 * send, this process kills itself right before or right after the commit of the request.
 */
export const followRequests = <Tx>({ jobs, safety, die }: Options<Tx>): RequestJobs<Tx> => {
  const requests = new AsyncLocalStorage<Tracked>();

  const around: RequestHandler = (request, response, next) =>
    requests.run({ response, committed: [], count: 0, killAt: readKillAt(request, safety) }, next);

  const transaction: Jobs<Tx>["transaction"] = async (work) => {
    const tracked = requests.getStore();
    if (!tracked) return jobs.transaction(work);
    const noted: Noted = { ids: [], count: 0 };
    const result = await jobs.transaction(async (scope) => {
      const done = await work(noteJobs(scope, noted));
      if (tracked.killAt === "before-commit") await die();
      return done;
    });
    if (tracked.killAt === "after-commit") await die();
    nameIn(tracked, noted);
    return result;
  };
  return { around, jobs: { transaction } };
};

const readKillAt = (request: Request, safety: Safety): KillAt | undefined => {
  const wanted = request.headers["x-watch-kill"];
  if (wanted === undefined) return undefined;
  safety.requireOwnScript(request);
  const { data } = killAt.safeParse(wanted);
  if (!data) throw invalidField("X-Watch-Kill", `Use one of ${killAt.options.join(", ")}.`);
  safety.takeTurn();
  return data;
};

type Scope<Tx> = Parameters<Parameters<Jobs<Tx>["transaction"]>[0]>[0];

/** What one transaction enqueues. */
interface Noted {
  readonly ids: string[];
  count: number;
}

/** The scope of a transaction that also notes what is enqueued. */
const noteJobs = <Tx>(scope: Scope<Tx>, noted: Noted): Scope<Tx> => {
  const note = async (enqueued: Promise<string>): Promise<string> => {
    const id = await enqueued;
    noted.ids.push(id);
    noted.count += 1;
    return id;
  };
  const enqueueMany: EnqueueMany = async (job, items, options) => {
    const before = uuidv7();
    const count = await scope.enqueueMany(job, items, options);
    noted.ids.push(...(await findNew(scope.sql, job.name, before)));
    noted.count += count;
    return count;
  };
  return {
    ...scope,
    enqueue: (job, payload, options) => note(scope.enqueue(job, payload, options)),
    enqueueFlow: (root) => note(scope.enqueueFlow(root)),
    enqueueMany,
  };
};

/** The newest jobs of a name that this transaction has inserted. The ids of this process only go up. */
const findNew = async (sql: Sql, name: string, after: string): Promise<string[]> => {
  const rows = await sql<{ id: string }>(
    `SELECT id FROM "Job" WHERE id > $1::uuid AND name = $2 AND xmin = pg_current_xact_id()::xid
     ORDER BY id DESC LIMIT ${MOST_IDS}`,
    [after, name],
  );
  return rows.map(({ id }) => id);
};

const nameIn = (tracked: Tracked, { ids, count }: Noted): void => {
  const { response, committed } = tracked;
  committed.push(...ids);
  tracked.count += count;
  const named = [...new Set(committed)].slice(-MOST_IDS);
  if (named.length === 0 || response.headersSent) return;
  response.set({ "X-Job-Ids": named.join(","), "X-Job-Count": String(tracked.count) });
};
