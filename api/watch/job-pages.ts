import type { Sql } from "../../workers/core/index.ts";
import { Problem } from "../http/problem.ts";
import { clippedView, CLIPPED, type JobJson, type JobView, WHOLE, wholeView } from "./job-view.ts";
import { FAMILY_OF } from "./ledger-sql.ts";

/** Jobs that are sent with one: its tree, and what these enqueued. */
const RELATED = 500;
/** The newest jobs that are searched for a request, which no index serves. */
const SEARCHED = 20_000;

interface Answer {
  /** PostgreSQL's time. */
  at: string;
}

/** Single jobs, on demand. */
export interface JobPages {
  /** @throws Problem if there is no such job */
  find(id: string): Promise<Answer & { job: JobView; related: JobView[]; total: number }>;
  /** The jobs that a request enqueued. */
  ofRequest(requestId: string): Promise<Answer & { jobs: JobView[] }>;
}

export const createJobPages = (sql: Sql): JobPages => ({
  find: async (id) => {
    const [row] = await sql<FindRow>(FIND, [id]);
    if (!row?.found.job) throw new Problem("not-found", { detail: "The ledger has no such job." });
    const { at, job, related, total } = row.found;
    return { at: toUtc(at), job: wholeView(job), related: related.map(clippedView), total };
  },
  ofRequest: async (requestId) => {
    const [row] = await sql<OfRequestRow>(OF_REQUEST, [requestId]);
    if (!row) throw new Error("PostgreSQL returned no row");
    return { at: toUtc(row.found.at), jobs: row.found.jobs.map(clippedView) };
  },
});

interface FindRow {
  found: { at: string; job: JobJson | null; related: JobJson[]; total: number };
}

interface OfRequestRow {
  found: { at: string; jobs: JobJson[] };
}

const toUtc = (at: string) => new Date(at).toISOString();

const FIND = `WITH RECURSIVE ${FAMILY_OF(`id = $1::uuid`)},
  all_related AS MATERIALIZED (SELECT id FROM family LIMIT 10000)
  SELECT json_build_object('at', now(),
    'job', (SELECT row_to_json(row) FROM (SELECT ${WHOLE} FROM "Job" j WHERE id = $1::uuid) row),
    'total', (SELECT count(*) FROM all_related),
    'related', (SELECT coalesce(json_agg(row ORDER BY id), '[]') FROM (
      SELECT ${CLIPPED} FROM "Job" j WHERE id IN (SELECT id FROM all_related LIMIT ${RELATED})) row)) AS found`;

const OF_REQUEST = `WITH newest AS MATERIALIZED (
    SELECT id FROM (SELECT id, "requestId" FROM "Job" ORDER BY id DESC LIMIT ${SEARCHED}) searched
    WHERE "requestId" = $1 LIMIT ${RELATED})
  SELECT json_build_object('at', now(), 'jobs', (SELECT coalesce(json_agg(row ORDER BY id), '[]') FROM (
    SELECT ${CLIPPED} FROM "Job" j WHERE id IN (SELECT id FROM newest)) row)) AS found`;
