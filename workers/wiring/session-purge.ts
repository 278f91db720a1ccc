import type { Database } from "../../infra/database.ts";
import { defineWorker, type PurgedBatch } from "../core/index.ts";
import { purgeSessions } from "../session-purge/handler.ts";
import { sessionPurge } from "../session-purge/job.ts";
import { purgeOptions } from "./database-load.ts";
import { deleteExpiredRows } from "./expired-rows.ts";
import type { Infrastructure } from "./infrastructure.ts";

export const wire = ({ prisma, config }: Infrastructure) =>
  defineWorker(
    sessionPurge,
    purgeSessions({
      ...purgeOptions({ prisma, config }),
      deleteExpired: deleteExpiredRows(prisma, {
        table: "Session",
        column: "expiresAt",
        counted: "expired",
      }),
      deleteOrphaned: deleteOrphaned(prisma),
    }),
  );

/**
 * Goes through the unverified users in the order of their index, a page at a time. The sessions of deleted users have
 * been deleted with them. One snapshot shows the user and the sessions, so a session that a user got after being
 * verified is not among them.
 */
const deleteOrphaned =
  (prisma: Pick<Database["prisma"], "$queryRaw">) =>
  async (after: string | undefined, limit: number): Promise<PurgedBatch> => {
    const [createdAt, id] = after?.split(" ") ?? ["-infinity", NO_ID];
    const [found] = await prisma.$queryRaw<[Page]>`
      WITH page AS MATERIALIZED (
        SELECT id, "createdAt" FROM "User"
         WHERE "verifiedAt" IS NULL AND ("createdAt", id) > (${createdAt}::timestamptz, ${id}::uuid)
         ORDER BY "createdAt", id LIMIT ${limit}::int),
      deleted AS (
        DELETE FROM "Session" WHERE ctid = ANY (ARRAY(
          SELECT session.ctid FROM page CROSS JOIN LATERAL (
            SELECT ctid FROM "Session" WHERE "userId" = page.id ORDER BY id LIMIT ${limit}::int
               FOR UPDATE SKIP LOCKED) session
           LIMIT ${limit}::int))
        RETURNING 1)
      SELECT (SELECT count(*)::int FROM deleted) AS deleted,
             (SELECT to_json("createdAt") #>> '{}' || ' ' || id FROM page ORDER BY "createdAt" DESC, id DESC LIMIT 1) AS last`;
    // If it has deleted as many as it may, more can be left of the same users.
    const next = found.deleted === limit ? (after ?? `-infinity ${NO_ID}`) : found.last;
    return { counts: { orphaned: found.deleted }, next: next ?? undefined };
  };

const NO_ID = "00000000-0000-0000-0000-000000000000";

interface Page {
  deleted: number;
  last: string | null;
}
