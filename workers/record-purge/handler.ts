import {
  purgeInBatches,
  type Payload,
  type PurgedBatch,
  type PurgeOptions,
  type Run,
} from "../core/index.ts";
import type { recordPurge } from "./job.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * Milliseconds that a record of each kind is kept: after its expiry, after its creation (idempotency keys), after its
 * last use (devices). The API compares with its own clock. The hour is far more than clocks differ, so that no record
 * is deleted which the API still uses.
 */
const KEEP = {
  // A used link expires like the others. The API gives the same answer for an expired and for a missing one, and the
  // hash of a password must not stay longer than needed.
  verifications: HOUR,
  resets: HOUR,
  invitations: 30 * DAY,
  idempotencyKeys: DAY + HOUR,
  throttles: HOUR,
  devices: 365 * DAY,
  // Their mail is in the dead letter.
  sealedAddresses: 3 * DAY,
} as const;

export type Kind = keyof typeof KEEP;

/** Deletes up to `limit` records of a kind whose time is `until` or before, and counts them under its name. */
export type DeleteRecords = (until: Date, after: string | undefined, limit: number) => Promise<PurgedBatch>;

export type Deps = PurgeOptions & Readonly<Record<Kind, DeleteRecords>>;

const BATCH_SIZE = 1_000;

export const purgeRecords =
  (deps: Deps) => (_payload: Payload<typeof recordPurge>, run: Pick<Run, "signal" | "progress">) => {
    const now = Date.now();
    const steps = (Object.keys(KEEP) as Kind[]).map((kind) => {
      const until = new Date(now - KEEP[kind]);
      return (after: string | undefined) => deps[kind](until, after, BATCH_SIZE);
    });
    return purgeInBatches(steps, deps, run);
  };
