import { v7 as uuidv7 } from "uuid";
import type { z } from "zod";
import type { EnqueueOptions, OnFailure, JobDefinition } from "./job.ts";
import { toJson } from "./ledger.ts";
import type { Sql } from "./ledger.ts";

/** A job's place in its flow. */
export interface Place {
  id: string;
  rootId: string;
  parentId: string | null;
  onFailure: OnFailure | null;
  state: "WAITING" | "PENDING";
}

/** What BullMQ can order by. */
const MOST_PRIORITY = 2_097_151;

const wholeNumber = (what: string, value: number, most: number): number => {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new RangeError(`${what} ${value}: write a whole number from 0 to ${most}`);
};

const insertion = (
  columns: string,
  values: string,
) => `INSERT INTO "Job" (id, name, payload, key, priority, "dueAt"${columns})
  VALUES ($1::uuid, $2, $3::jsonb, $4, $5::int, now() + $6::int8 * interval '1 millisecond'${values})
  ON CONFLICT (name, key) WHERE key IS NOT NULL DO NOTHING
  RETURNING id`;
const INSERT = insertion("", "");
const INSERT_NODE = insertion(
  `, "rootId", "parentId", "onFailure", state`,
  `, $7::uuid, $8::uuid, $9, $10::"JobState"`,
);

/**
 * Checks a job and returns its insertion: in the caller's transaction when `sql` is that transaction's.
 * The insertion resolves with the id of the new row, or of the row that has the same idempotency key.
 * @throws ZodError when the payload does not fit the job's schema, RangeError when an option is out of range
 */
export const prepareJob = <Schema extends z.ZodType>(
  job: JobDefinition<Schema>,
  payload: z.input<Schema>,
  { delay = 0, priority }: EnqueueOptions = {},
): ((sql: Sql, place?: Place) => Promise<string>) => {
  const parsed = job.payload.parse(payload);
  const key = job.key?.(parsed) ?? null;
  const own = typeof job.priority === "function" ? job.priority(parsed) : job.priority;
  const order = wholeNumber("priority", priority ?? own, MOST_PRIORITY);
  const wait = wholeNumber("delay", Math.ceil(delay), Number.MAX_SAFE_INTEGER);
  const json = toJson(payload);
  return async (sql, place) => {
    const columns = [place?.id ?? uuidv7(), job.name, json, key, order, wait];
    const [row] = await (place
      ? sql<{ id: string }>(INSERT_NODE, [
          ...columns,
          place.rootId,
          place.parentId,
          place.onFailure,
          place.state,
        ])
      : sql<{ id: string }>(INSERT, columns));
    if (row) return row.id;
    const [existing] = await sql<{ id: string }>(`SELECT id FROM "Job" WHERE name = $1 AND key = $2`, [
      job.name,
      key,
    ]);
    if (!existing) throw new Error(`a job with this idempotency key was removed meanwhile: try again`);
    return existing.id;
  };
};

/** Checks and inserts a job in one go, see `prepareJob`. */
export const insertJob = async <Schema extends z.ZodType>(
  sql: Sql,
  job: JobDefinition<Schema>,
  payload: z.input<Schema>,
  options?: EnqueueOptions,
): Promise<string> => prepareJob(job, payload, options)(sql);
