import type { PurgeOptions } from "../core/index.ts";
import type { Infrastructure } from "./infrastructure.ts";

/**
 * The database is busy while more statements than configured run on the server, in any database. A statement that waits
 * for a lock or the disk counts: it is what slows others down.
 */
export const purgeOptions = ({
  prisma,
  config,
}: Pick<Infrastructure, "prisma" | "config">): PurgeOptions => ({
  slow: config.purgeMaxBatchMs,
  findLoad: async () => {
    const [{ active } = { active: 0 }] = await prisma.$queryRaw<{ active: number }[]>`
      SELECT count(*)::int AS active FROM pg_stat_activity
       WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()`;
    return active > config.purgeMaxStatements ? `${active} statements are active` : undefined;
  },
});
