import { z } from "zod";
import type { Sql } from "../../workers/core/index.ts";

/** Milliseconds that the sandbox may take. */
const SANDBOX_TIMEOUT = 3_000;
/** Milliseconds by which the clocks of processes, from which ids are made, may be behind PostgreSQL's. */
const CLOCKS_DIFFER = 60_000;

interface Counts {
  done: number;
  dead: number;
  cancelled: number;
  open: number;
  total: number;
}

/** What became of everything since a time: two counts that know nothing of each other. */
interface Balance {
  at: string;
  since: string;
  jobs: Counts;
  names: Record<string, Counts>;
  /** Null while the sandbox does not answer. */
  mails: { received: number; distinct: number; repeated: number } | null;
  /** Of the jobs that requests with ids of this prefix have enqueued. A flow counts as one. */
  requested?: Counts;
}

export interface Books {
  /** `requests` is what the ids of the requests begin with that are also counted by themselves. */
  read(since: string, requests?: string): Promise<Balance>;
}

export const createBooks = (sql: Sql, sandboxUrl: string): Books => ({
  read: async (since, requests) => {
    const [[row], mails] = await Promise.all([
      sql<{ books: { at: string; names: NameRow[]; requested: Counts } }>(BOOKS, [
        since,
        smallestId(since),
        requests ?? null,
      ]),
      countMails(sandboxUrl, since),
    ]);
    if (!row) throw new Error("PostgreSQL returned no row");
    const { at, names, requested } = row.books;
    return {
      ...(requests !== undefined && { requested }),
      at: new Date(at).toISOString(),
      since: new Date(since).toISOString(),
      jobs: names.reduce(add, NONE),
      names: Object.fromEntries(names.map(({ name, ...counts }) => [name, counts])),
      mails,
    };
  },
});

type NameRow = Counts & { name: string };

const NONE: Counts = { done: 0, dead: 0, cancelled: 0, open: 0, total: 0 };

const add = (sum: Counts, { done, dead, cancelled, open, total }: Counts): Counts => ({
  done: sum.done + done,
  dead: sum.dead + dead,
  cancelled: sum.cancelled + cancelled,
  open: sum.open + open,
  total: sum.total + total,
});

const COUNTS = `(count(*) FILTER (WHERE state = 'COMPLETED'))::int AS done,
         (count(*) FILTER (WHERE state = 'FAILED'))::int AS dead,
         (count(*) FILTER (WHERE state = 'CANCELLED'))::int AS cancelled,
         (count(*) FILTER (WHERE state IN ('WAITING', 'PENDING', 'PUBLISHED')))::int AS open,
         count(*)::int AS total`;

/** $2 bounds the part of the primary key that is read. */
const BOOKS = `SELECT json_build_object('at', now(),
  'names', (SELECT coalesce(json_agg(row ORDER BY name), '[]') FROM (
    SELECT name, ${COUNTS} FROM "Job"
    WHERE id >= $2::uuid AND "createdAt" >= $1::timestamptz GROUP BY name) row),
  'requested', (SELECT to_json(row) FROM (
    SELECT ${COUNTS} FROM "Job"
    WHERE id >= $2::uuid AND "createdAt" >= $1::timestamptz AND starts_with("requestId", $3::text)
      AND "parentId" IS NULL) row)) AS books`;

/** The smallest UUIDv7 of a time. */
const smallestId = (time: string): string => {
  const hex = Math.max(0, Date.parse(time) - CLOCKS_DIFFER)
    .toString(16)
    .padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
};

const mailCounts = z.object({ received: z.int(), distinct: z.int(), repeated: z.int() });

const countMails = async (sandboxUrl: string, since: string): Promise<Balance["mails"]> => {
  try {
    const url = `${sandboxUrl}/api/messages/count?since=${encodeURIComponent(since)}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(SANDBOX_TIMEOUT) });
    return response.ok ? mailCounts.parse(await response.json()) : null;
  } catch (error) {
    // The sandbox is away, restarting or hanging. `fetch` reports the first two as a TypeError.
    if (error instanceof TypeError || (error instanceof Error && error.name === "TimeoutError")) return null;
    throw error;
  }
};
