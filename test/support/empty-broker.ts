import { Redis } from "ioredis";
import type { System } from "./chaos-system.ts";

/** Takes everything from a system's broker, as FLUSHALL does. */
export const emptyBroker = async ({ env, sql }: System): Promise<void> => {
  const url = env["QUEUE_URL"] ?? "";
  if (!url.startsWith("redis")) {
    const [tables] = await sql<{ list: string }>(
      `SELECT string_agg(format('bullmq.%I', tablename), ', ') AS list FROM pg_tables WHERE schemaname = 'bullmq'`,
      [],
    );
    await sql(`TRUNCATE ${tables?.list}`, []);
    return;
  }
  const client = new Redis(url);
  await client.flushdb();
  client.disconnect();
};
