import type { Database } from "../../infra/database.ts";
import type { PushDevice } from "../../prisma/client/client.ts";

/** The rows of notifications and devices, as push-notify reads and writes them. */
export const createPushRecords = (prisma: Database["prisma"]) => ({
  findUser: (id: string) =>
    prisma.user.findUnique({ where: { id }, select: { closedAt: true, notifyByPush: true } }),

  findDevices: (userId: string) => prisma.pushDevice.findMany({ where: { userId }, orderBy: { id: "asc" } }),

  findNotifications: ({ id, userId, token }: PushDevice, after: number, limit: number) =>
    prisma.notification.findMany({
      where: {
        ...{ userId, sequence: { gt: after }, push: true },
        user: { closedAt: null, pushDevices: { some: { id, token } } },
      },
      orderBy: { sequence: "asc" },
      take: limit,
    }),

  markSent: async ({ id, userId, token }: PushDevice, sentUpTo: number): Promise<boolean> => {
    const { count } = await prisma.pushDevice.updateMany({
      where: { id, userId, token, sentUpTo: { lt: sentUpTo }, user: { closedAt: null } },
      data: { sentUpTo },
    });
    return count === 1;
  },

  /** Of all processes. By the clock of the database, because those of the processes differ. */
  pauses: {
    read: async (): Promise<number> => {
      const [found] = await prisma.$queryRaw<{ ms: number }[]>`
        SELECT greatest(0, extract(epoch FROM until - clock_timestamp()) * 1000)::float8 AS ms
          FROM "ProviderPause" WHERE provider = 'push'`;
      return Math.ceil(found?.ms ?? 0);
    },
    write: (ms: number) => prisma.$executeRaw`
      INSERT INTO "ProviderPause" AS p (provider, until)
      VALUES ('push', clock_timestamp() + ${ms}::int * interval '1 millisecond')
      ON CONFLICT (provider) DO UPDATE SET until = greatest(p.until, excluded.until)`,
  },

  /** Not if it belongs to another user by now: then it was registered again, after FCM's answer about it. */
  removeDevice: async ({ id, userId, token }: PushDevice): Promise<void> => {
    await prisma.pushDevice.deleteMany({ where: { id, userId, token } });
  },
});
