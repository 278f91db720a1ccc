import type { Sql } from "../../workers/core/index.ts";

/** Jobs of each index that are counted. */
const COUNTED = 20_000;

interface Open {
  waiting: number;
  running: number;
}

const part = (condition: string) =>
  `(SELECT name, "startedAt" IS NOT NULL AS runs FROM "Job" WHERE ${condition} LIMIT ${COUNTED + 1})`;

/** Each part has an index of its own. */
const OPEN = [
  `state = 'PENDING' AND "batchId" IS NULL`,
  `state = 'PENDING' AND "batchId" IS NOT NULL`,
  `state = 'PUBLISHED'`,
  `state = 'WAITING'`,
];

/** Counts the open jobs of each queue: exactly, unless there are more than 20,000 of a kind. */
export const countOpen = async (sql: Sql): Promise<{ queues: Map<string, Open>; isExact: boolean }> => {
  const counts = await Promise.all(
    OPEN.map((condition) =>
      sql<Open & { name: string }>(
        `SELECT name, (count(*) FILTER (WHERE NOT runs))::int AS waiting, (count(*) FILTER (WHERE runs))::int AS running
         FROM ${part(condition)} open GROUP BY name`,
        [],
      ),
    ),
  );
  const queues = new Map<string, Open>();
  for (const { name, waiting, running } of counts.flat()) {
    const known = queues.get(name) ?? { waiting: 0, running: 0 };
    queues.set(name, { waiting: known.waiting + waiting, running: known.running + running });
  }
  const isExact = counts.every(
    (rows) => rows.reduce((sum, { waiting, running }) => sum + waiting + running, 0) <= COUNTED,
  );
  return { queues, isExact };
};
