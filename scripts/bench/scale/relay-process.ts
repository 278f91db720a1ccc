import { once } from "node:events";
import { startRelay } from "../../../workers/core/index.ts";
import { connectStores, silent, type Stores } from "../core/stores.ts";

// Each message is the environment of stores. Publishes their jobs until the next message, "stop".

process.on("disconnect", () => process.exit(0));
console.log("ready");
for (;;) {
  const [env] = (await once(process, "message")) as [Stores["env"]];
  await using stores = await connectStores(env);
  const relay = startRelay(stores.database.jobs.sql, stores.broker, silent);
  process.send?.("publishing");
  await once(process, "message");
  await relay.close();
}
