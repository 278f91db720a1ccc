import type { Database } from "../../infra/database.ts";

/**
 * Says that the database is busy while more statements than `most` run on the server, in any database. A statement that
 * waits for a lock or the disk counts: it is what slows others down.
 */
export const createFindLoad =
  (prisma: Pick<Database["prisma"], "$queryRaw">, most: number) => async (): Promise<string | undefined> => {
    const [{ active } = { active: 0 }] = await prisma.$queryRaw<{ active: number }[]>`
      SELECT count(*)::int AS active FROM pg_stat_activity
       WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()`;
    return active > most ? `${active} statements are active` : undefined;
  };
