/** Entries that a job keeps. The oldest are dropped, so that a row does not grow without limit. */
const KEPT = 50;

/** SQL: the last entry of the job `j`. */
const LAST = `j.history -> -1`;

/** SQL: the history of the job `j` with an entry. */
const withEntry = (entry: string): string =>
  `(CASE WHEN jsonb_array_length(j.history) < ${KEPT} THEN j.history ELSE j.history - 0 END || (${entry}))`;

/**
 * SQL: the same, where runs that were released or limited one after the other are one entry: a provider may be limited
 * for hours.
 */
export const withRun = (outcome: string, entry: string): string =>
  `CASE WHEN ${outcome} IN ('released', 'limited') AND ${LAST} ->> 'outcome' = ${outcome}
    THEN (j.history - -1) || (${entry} || jsonb_build_object(
      'startedAt', ${LAST} -> 'startedAt', 'count', coalesce((${LAST} -> 'count')::int, 1) + 1))
    ELSE ${withEntry(entry)} END`;

/** SQL: the history of the job `j` with an entry for what happened to it now, outside of a run. */
export const withEvent = (outcome: "lost" | "replayed"): string =>
  withEntry(`jsonb_build_object('startedAt', NULL, 'endedAt', now(), 'by', NULL, 'outcome', '${outcome}')`);

/** SQL: the history of the job `j` with an entry for a run whose process died. */
export const WITH_CRASH = withEntry(
  `jsonb_build_object('startedAt', j."startedAt", 'endedAt', now(), 'by', j."startedBy", 'outcome', 'crashed', 'kind', 'crashed')`,
);

/** SQL, for RETURNING: milliseconds from the start of a crashed run until this statement found the crash; else null. */
export const CRASHED_AFTER = `CASE WHEN j.crashes > 0 AND ${LAST} ->> 'outcome' = 'crashed'
    AND (${LAST} ->> 'endedAt')::timestamptz = now()
  THEN extract(epoch FROM now() - (${LAST} ->> 'startedAt')::timestamptz)::float8 * 1000 END AS "crashedAfter"`;

/** SQL, for RETURNING: the traceparent of the newest run in the history of the job `j` that was traced. */
export const LAST_SPAN = `CASE WHEN j.history <> '[]' THEN jsonb_path_query_array(j.history, '$[*].span') ->> -1 END AS "lastSpan"`;
