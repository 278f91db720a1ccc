import { once } from "node:events";
import { v7 as uuidv7 } from "uuid";
import { createJobs, startRelay } from "../../../workers/core/index.ts";
import { connectStores, silent, type Stores } from "../core/stores.ts";
import { trivial } from "../core/trivial-job.ts";
import { perSecond } from "../rounds.ts";

/** The stores to use, and how long to insert users with a job each; 0 ms: be idle, as an API without requests. */
export interface Load {
  readonly env: Stores["env"];
  readonly ms: number;
  readonly concurrency: number;
}

const WARM_UP_MS = 1_000;

process.on("disconnect", () => process.exit(0));
console.log("ready");
for (;;) {
  const [{ env, ms, concurrency }] = (await once(process, "message")) as [Load];
  await using stores = await connectStores(env);
  const relay = startRelay(stores.database.jobs.sql, stores.broker, silent, { batches: false });
  const jobs = createJobs(stores.database.jobs, relay.nudge);
  const signUp = (n: number) =>
    jobs.transaction(async ({ tx, enqueue }) => {
      await tx.user.create({ data: { email: `${uuidv7()}@example.com`, name: "Ada", passwordHash: "x" } });
      await enqueue(trivial, { n });
    });
  // Opens the connections, and compiles the code.
  if (ms > 0) await perSecond(WARM_UP_MS, concurrency, signUp);
  const rate = ms > 0 ? await perSecond(ms, concurrency, signUp) : 0;
  process.send?.(rate);
  await once(process, "message");
  await relay.close();
}
