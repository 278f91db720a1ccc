import { type JobRow, PHASE, type Phase, type Sql } from "../../workers/core/index.ts";
import { conditionsOf, type JobSearch } from "./filter.ts";

/** Rows of the primary key that one page reads, and open jobs of one index: where no index serves a filter. */
const SCANNED = 20_000;

export type FoundJob = Pick<
  JobRow,
  "id" | "name" | "state" | "attempt" | "crashes" | "createdAt" | "finishedAt" | "errorKind" | "error"
> & { phase: Phase };

/** A page of a search: newest first. */
export interface FoundJobs {
  items: FoundJob[];
  /** Where the next page begins; null if there is none. */
  next: string | null;
  /** How many jobs were searched, if the search ended there although there may be more. */
  searched: number | null;
}

interface Page {
  cursor?: string | undefined;
  limit: number;
}

const COLUMNS = `j.id, j.name, j.state, j.attempt, j.crashes, j."createdAt", j."finishedAt", j."errorKind",
  left(j.error, 300) AS error, ${PHASE} AS phase`;

/** Searches the ledger. Each kind of search is served by an index, or reads a bounded number of rows. */
export const searchJobs = (sql: Sql, search: JobSearch, page: Page): Promise<FoundJobs> => {
  const state = search.kind === undefined ? search.state : "FAILED";
  const wanted = { ...search, state };
  if (wanted.userId !== undefined) return searchUser(sql, wanted, page);
  if (state === "FAILED") return searchFailed(sql, wanted, page);
  if (state && state in OPEN) return searchOpen(sql, wanted, page);
  return searchAll(sql, wanted, page);
};

/** By the indexes on ids in payloads. */
const searchUser = async (sql: Sql, search: JobSearch, { cursor, limit }: Page): Promise<FoundJobs> => {
  const time = search.state === "FAILED" ? `"finishedAt"` : `"createdAt"`;
  const { conditions, values, parameter } = conditionsOf(search, time);
  if (search.state) conditions.push(`state = ${parameter(search.state)}::"JobState"`);
  if (cursor) conditions.push(`id < ${parameter(cursor)}::uuid`);
  const rows = await sql<FoundJob>(
    `SELECT ${COLUMNS} FROM "Job" j WHERE ${conditions.join(" AND ")} ORDER BY id DESC LIMIT ${parameter(limit + 1)}::int`,
    values,
  );
  return { ...pageOf(rows, limit, ({ id }) => id), searched: null };
};

/** By the index of failed jobs, in the order of their failures. A cursor is the time of a failure and an id. */
const searchFailed = async (sql: Sql, search: JobSearch, { cursor, limit }: Page): Promise<FoundJobs> => {
  const { conditions, values, parameter } = conditionsOf(search, `"finishedAt"`);
  const [time, id] = cursor?.split("_") ?? [];
  if (id) conditions.push(`("finishedAt", id) < (${parameter(time)}::timestamptz, ${parameter(id)}::uuid)`);
  const rows = await sql<FoundJob>(
    `SELECT ${COLUMNS} FROM "Job" j WHERE ${["state = 'FAILED'", ...conditions].join(" AND ")}
     ORDER BY "finishedAt" DESC, id DESC LIMIT ${parameter(limit + 1)}::int`,
    values,
  );
  const cursorOf = (row: FoundJob) => `${row.finishedAt?.toISOString()}_${row.id}`;
  return { ...pageOf(rows, limit, cursorOf), searched: null };
};

const part = (condition: string) => `(SELECT * FROM "Job" WHERE ${condition} LIMIT ${SCANNED})`;

/** SQL: the open jobs of a state, from the indexes that contain only these. */
const OPEN: Readonly<Record<string, string>> = {
  WAITING: part(`state = 'WAITING'`),
  PENDING: `${part(`state = 'PENDING' AND "batchId" IS NULL`)} UNION ALL ${part(`state = 'PENDING' AND "batchId" IS NOT NULL`)}`,
  PUBLISHED: part(`state = 'PUBLISHED'`),
};

const searchOpen = async (sql: Sql, search: JobSearch, { cursor, limit }: Page): Promise<FoundJobs> => {
  const { conditions, values, parameter } = conditionsOf(search, `"createdAt"`);
  if (cursor) conditions.push(`id < ${parameter(cursor)}::uuid`);
  const open = `(${OPEN[search.state ?? ""]}) j`;
  const rows = await sql<FoundJob>(
    `SELECT ${COLUMNS} FROM ${open} WHERE ${["true", ...conditions].join(" AND ")}
     ORDER BY id DESC LIMIT ${parameter(limit + 1)}::int`,
    values,
  );
  const [counted] = await sql<{ among: number }>(`SELECT count(*)::int AS among FROM ${open}`, []);
  const among = counted?.among ?? 0;
  return { ...pageOf(rows, limit, ({ id }) => id), searched: among >= SCANNED ? among : null };
};

/** By the primary key, which is the order of creation, within a bounded number of jobs. */
const searchAll = async (sql: Sql, search: JobSearch, { cursor, limit }: Page): Promise<FoundJobs> => {
  const { name, state, since, until } = search;
  const range = [
    cursor ?? FIRST_AFTER_ALL,
    since ? uuidAt(since) : ZERO,
    until ? uuidAt(until) : FIRST_AFTER_ALL,
  ];
  const within = `FROM "Job" WHERE id < least($1::uuid, $3::uuid) AND id >= $2::uuid ORDER BY id DESC`;
  const rows = await sql<FoundJob>(
    `SELECT ${COLUMNS} FROM (SELECT * ${within} LIMIT ${SCANNED}) j
     WHERE ($4::text IS NULL OR name = $4) AND ($5::text IS NULL OR state::text = $5) LIMIT $6::int`,
    [...range, name ?? null, state ?? null, limit + 1],
  );
  const page = pageOf(rows, limit, ({ id }) => id);
  if (page.next !== null) return { ...page, searched: null };
  const [last] = await sql<{ id: string }>(`SELECT id ${within} OFFSET ${SCANNED - 1} LIMIT 1`, range);
  return { ...page, next: last?.id ?? null, searched: last ? SCANNED : null };
};

const pageOf = <Row extends FoundJob>(rows: Row[], limit: number, cursorOf: (row: Row) => string) => {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last ? cursorOf(last) : null };
};

const ZERO = "00000000-0000-0000-0000-000000000000";
const FIRST_AFTER_ALL = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/** The first UUIDv7 of a time: it begins with its milliseconds. */
const uuidAt = (time: string): string => {
  const hex = new Date(time).getTime().toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
};
