import { cadenceInWords } from "./cadence.ts";
import { toIso } from "./job-view.ts";
import { createLanes } from "./lanes.ts";
import type { Content } from "./ledger-read.ts";
import { COUNTED } from "./ledger-sql.ts";

/** What a message says of everything but single jobs, each part as JSON. */
export type Parts = Record<string, string>;

/** Describes readings, one after the other. */
export const createDescription = () => {
  const lanesOf = createLanes();
  return (content: Content): Parts =>
    toParts({
      lanes: lanesOf(content),
      workers: content.workers.map((worker) => ({
        ...worker,
        startedAt: toIso(worker.startedAt),
        seenAt: toIso(worker.seenAt),
      })),
      dead: deadLetter(content),
      batches: content.batches.map((batch) => ({ ...batch, createdAt: toIso(batch.createdAt) })),
      schedules: content.schedules.map((schedule) => ({
        id: schedule.id,
        name: schedule.name ?? schedule.job,
        job: schedule.job,
        cadence: cadenceInWords(schedule),
        zone: schedule.zone,
        nextRunAt: toIso(schedule.nextRunAt),
        paused: schedule.paused,
        userId: schedule.userId,
        lastJobId: schedule.lastJobId,
      })),
    });
};

const deadLetter = ({ dead, kinds }: Content) => {
  const total = dead.reduce((sum, { n }) => sum + n, 0);
  return { total: Math.min(total, COUNTED), capped: total > COUNTED, kinds };
};

export const toParts = (values: Record<string, unknown>): Parts =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]));

/** The parts that differ from those before. */
export const changedParts = (parts: Parts, before: Parts): Parts =>
  Object.fromEntries(Object.entries(parts).filter(([name, text]) => text !== before[name]));

/** An event of the stream. Its JSON is put together from parts that are written once for all viewers. */
export const toEvent = (name: string, parts: Parts): string =>
  `event: ${name}\ndata: {${Object.entries(parts)
    .map(([key, text]) => `${JSON.stringify(key)}:${text}`)
    .join(",")}}\n\n`;

export const toList = (texts: readonly string[]): string => `[${texts.join(",")}]`;
