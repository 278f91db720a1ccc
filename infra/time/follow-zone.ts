import type { Tx } from "../database.ts";
import { nextSlots } from "./slots.ts";

/**
 * Moves a user's schedules from one time zone to another: those that are in the user's old zone, and so followed it. A
 * local date that has had its slot gets no second one.
 */
export const followZone = async (tx: Tx, userId: string, from: string, to: string): Promise<void> => {
  await tx.$queryRaw`SELECT FROM "Schedule" WHERE "userId" = ${userId}::uuid ORDER BY id FOR UPDATE`;
  const [clock] = await tx.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`;
  const after = clock?.now ?? new Date();
  for (const row of await tx.schedule.findMany({ where: { userId, zone: from } })) {
    const [next] = nextSlots({ ...row, zone: to }, { after, slot: row.lastSlot }, 1);
    if (next) await tx.schedule.update({ where: { id: row.id }, data: { zone: to, nextRunAt: next.at } });
  }
};
