import { until } from "../processes/until.ts";
import { replayJobs } from "../../workers/core/index.ts";
import type { Asked } from "./load.ts";
import type { System } from "./system.ts";

/** What became of the promises. */
export interface Verdict {
  readonly acknowledged: number;
  readonly done: number;
  /** Promised and not done, or half there. Must be empty. */
  readonly lost: readonly string[];
  /** Done more often than their crash window allows. Must be empty. */
  readonly repeated: readonly string[];
  /** Mails sent again inside the window. */
  readonly secondMails: number;
  /** Mails sent again that a mailbox would not recognise. Must be empty. */
  readonly otherMessageIds: readonly string[];
  /** Replayed, and done by then. */
  readonly deadLettered: number;
  /** Jobs that were running when their process died. */
  readonly crashed: number;
  /** Milliseconds from the commit of a job to its end, at most. */
  readonly slowestMs: number;
}

const untilQuiet = ({ sql }: System) =>
  until(
    "every job over",
    async () => (await sql(`SELECT id FROM "Job" WHERE state IN ('PENDING', 'PUBLISHED')`, [])).length === 0,
    300_000,
  );

const promisedOf = <Key>(asked: Map<Key, "promised" | "refused">): Key[] =>
  [...asked].filter(([, answer]) => answer === "promised").map(([key]) => key);

const judgeChores = async ({ sql }: System, { chores }: Asked) => {
  const rows = await sql<{ number: number | null; state: string | null; effects: number }>(
    `SELECT a.number, j.state::text, (SELECT count(*)::int FROM "ChoreDone" d WHERE d.id = j.id) AS effects
     FROM "ChoreAsked" a FULL JOIN (SELECT * FROM "Job" WHERE name = 'chore') j USING (id)`,
    [],
  );
  const done = new Set(rows.filter(({ effects }) => effects > 0).map(({ number }) => number));
  const promised = promisedOf(chores);
  return {
    promised: promised.length,
    done: promised.filter((number) => done.has(number)).length,
    lost: [
      ...promised.filter((number) => !done.has(number)).map((number) => `chore ${number}`),
      ...rows
        .filter(({ number, state, effects }) => number === null || state !== "COMPLETED" || effects === 0)
        .map(({ number, state }) => `half a chore: ${number} ${state}`),
    ],
    repeated: rows.filter(({ effects }) => effects > 1).map(({ number }) => `chore ${number}`),
  };
};

interface SignUp {
  email: string | null;
  job: string | null;
  /** Runs that ended without the ledger knowing whether the mail was sent. */
  doubts: number;
}

const judgeSignUps = async ({ sql, mails }: System, { signUps }: Asked) => {
  const rows = await sql<SignUp>(
    `SELECT u.email, j.id AS job, greatest(jsonb_array_length(j.history), j.crashes + j.attempt) AS doubts
     FROM "User" u FULL JOIN (SELECT * FROM "Job" WHERE name = 'email') j ON j.payload->>'userId' = u.id::text`,
    [],
  );
  const sent = Map.groupBy(await mails(), ({ to }) => to);
  const promised = promisedOf(signUps);
  const copiesOf = ({ email }: SignUp) => sent.get(email ?? "") ?? [];
  return {
    promised: promised.length,
    done: promised.filter((email) => sent.has(email)).length,
    lost: [
      ...promised.filter((email) => !sent.has(email)),
      ...rows
        .filter((row) => !row.email || !row.job || copiesOf(row).length === 0)
        .map(({ email, job }) => `half a sign-up: ${email} ${job}`),
    ],
    repeated: rows.filter((row) => copiesOf(row).length > 1 + row.doubts).map(({ email }) => `${email}`),
    secondMails: [...sent.values()].reduce((sum, copies) => sum + copies.length - 1, 0),
    otherMessageIds: rows
      .filter((row) => copiesOf(row).some(({ messageId }) => !messageId.startsWith(`<${row.job}@`)))
      .map(({ email }) => `${email}`),
  };
};

/** Waits until nothing is under way, replays what is in the dead letter, and compares promises with effects. */
export const reachVerdict = async (system: System, asked: Asked): Promise<Verdict> => {
  await untilQuiet(system);
  const [facts] = await system.sql<{ count: number; slowest: number }>(
    `SELECT count(*) FILTER (WHERE crashes > 0)::int AS count,
            (extract(epoch FROM max("finishedAt" - "createdAt")) * 1000)::float8 AS slowest FROM "Job"`,
    [],
  );
  const dead = await system.sql<{ id: string }>(`SELECT id FROM "Job" WHERE state = 'FAILED'`, []);
  await replayJobs(
    system.sql,
    dead.map(({ id }) => id),
  );
  await untilQuiet(system);
  const [chores, signUps] = await Promise.all([judgeChores(system, asked), judgeSignUps(system, asked)]);
  return {
    acknowledged: chores.promised + signUps.promised,
    done: chores.done + signUps.done,
    lost: [...chores.lost, ...signUps.lost],
    repeated: [...chores.repeated, ...signUps.repeated],
    secondMails: signUps.secondMails,
    otherMessageIds: signUps.otherMessageIds,
    deadLettered: dead.length,
    crashed: facts?.count ?? 0,
    slowestMs: facts?.slowest ?? 0,
  };
};

export const isKept = ({ lost, repeated, otherMessageIds }: Verdict): boolean =>
  lost.length + repeated.length + otherMessageIds.length === 0;
