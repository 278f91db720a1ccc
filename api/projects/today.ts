import { Temporal } from "temporal-polyfill";
import type { Tx } from "../../infra/database.ts";

/** The current day in a user's time zone, such as 2026-11-27. */
export const todayOf = async (db: Tx, userId: string): Promise<string> => {
  const user = await db.user.findUnique({ where: { id: userId }, select: { zone: true } });
  return Temporal.Now.plainDateISO(user?.zone ?? "UTC").toString();
};
