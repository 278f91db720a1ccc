import type { Database } from "../../infra/database.ts";
import { defineWorker, type PurgedBatch } from "../core/index.ts";
import { purgeRecords } from "../record-purge/handler.ts";
import { recordPurge } from "../record-purge/job.ts";
import { purgeOptions } from "./database-load.ts";
import { deleteExpiredRows, type ExpiredRows } from "./expired-rows.ts";
import type { Infrastructure } from "./infrastructure.ts";

export const wire = ({ prisma, config }: Infrastructure) => {
  const expired = (rows: ExpiredRows) => deleteExpiredRows(prisma, rows);
  const column = "expiresAt";
  return defineWorker(
    recordPurge,
    purgeRecords({
      ...purgeOptions({ prisma, config }),
      verifications: expired({ table: "EmailVerification", column, counted: "verifications" }),
      resets: expired({ table: "PasswordReset", column, counted: "resets" }),
      invitations: expired({ table: "Invitation", column, counted: "invitations" }),
      idempotencyKeys: expired({
        table: "IdempotencyKey",
        column: "createdAt",
        counted: "idempotencyKeys",
      }),
      throttles: expired({ table: "Throttle", column: "expire", type: "bigint", counted: "throttles" }),
      devices: deleteDevices(prisma),
      sealedAddresses: forgetAddresses(prisma),
    }),
  );
};

/** Of accounts whose last mail could not be sent. */
const forgetAddresses =
  (prisma: Pick<Database["prisma"], "$executeRaw">) =>
  async (until: Date, _after: string | undefined, limit: number): Promise<PurgedBatch> => {
    const count = await prisma.$executeRaw`
      UPDATE "AccountDeletion" SET "sealedAddress" = NULL WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM "AccountDeletion"
         WHERE "sealedAddress" IS NOT NULL AND "finishedAt" <= ${until.toISOString()}::timestamptz
         ORDER BY "finishedAt" LIMIT ${limit}::int FOR UPDATE SKIP LOCKED))`;
    return { counts: { sealedAddresses: count }, next: count === limit ? "more" : undefined };
  };

/**
 * Keeps the device that a user has used last: a user without any device gets no mail about the next new one. Every page
 * has a bounded size, because most of its rows may be kept.
 */
const deleteDevices =
  (prisma: Pick<Database["prisma"], "$queryRaw">) =>
  async (until: Date, after: string | undefined, limit: number): Promise<PurgedBatch> => {
    const [lastSeenAt, userId, tokenHash] = after?.split(" ") ?? ["-infinity", NO_ID, ""];
    const [found] = await prisma.$queryRaw<[{ deleted: number; last: string | null }]>`
      WITH page AS MATERIALIZED (
        SELECT "lastSeenAt", "userId", "tokenHash" FROM "Device"
         WHERE "lastSeenAt" <= ${until.toISOString()}::timestamptz
           AND ("lastSeenAt", "userId", "tokenHash")
             > (${lastSeenAt}::timestamptz, ${userId}::uuid, decode(${tokenHash}, 'hex'))
         ORDER BY "lastSeenAt", "userId", "tokenHash" LIMIT ${limit}::int),
      deleted AS (
        DELETE FROM "Device" WHERE "lastSeenAt" <= ${until.toISOString()}::timestamptz AND ctid = ANY (ARRAY(
          SELECT device.ctid FROM page CROSS JOIN LATERAL (
            SELECT ctid FROM "Device" d
             WHERE d."userId" = page."userId" AND d."tokenHash" = page."tokenHash" AND d."lastSeenAt" <= ${until.toISOString()}::timestamptz
               AND EXISTS (SELECT FROM "Device" newer
                            WHERE newer."userId" = d."userId" AND newer."lastSeenAt" > d."lastSeenAt")
               FOR UPDATE SKIP LOCKED) device))
        RETURNING 1)
      SELECT (SELECT count(*)::int FROM deleted) AS deleted,
             (SELECT concat_ws(' ', to_json("lastSeenAt") #>> '{}', "userId", encode("tokenHash", 'hex'))
                FROM page ORDER BY "lastSeenAt" DESC, "userId" DESC, "tokenHash" DESC LIMIT 1) AS last`;
    return { counts: { devices: found.deleted }, next: found.last ?? undefined };
  };

const NO_ID = "00000000-0000-0000-0000-000000000000";
