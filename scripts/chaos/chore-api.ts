import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { loadConfigOrExit } from "../../infra/config.ts";
import { openDatabase } from "../../infra/database.ts";
import { closeOnSignal } from "../../infra/lifecycle.ts";
import { createLogger } from "../../infra/logging.ts";
import { chore } from "./jobs.ts";
import { openBroker, startCore, throttledWarn } from "../../workers/core/index.ts";

// A minimal API for load: each request commits a row and a job in one transaction. Set up like api/main.ts.
const config = loadConfigOrExit("api");
const log = createLogger("api", config.logLevel);
const database = openDatabase(config.databaseUrl, 20, throttledWarn(log, "database"));
const broker = openBroker(config.queueUrl, config.queuePrefix, throttledWarn(log, "broker"));
const { jobs, close } = startCore({ database: database.jobs, broker, log });

const server = createServer((request, response) => {
  const commit = async () => {
    const { number, ...payload } = (await json(request)) as {
      number: number;
      ms: number;
      fails: number;
      key?: string;
    };
    await jobs.transaction(async ({ tx, enqueue }) => {
      const job = await enqueue(chore, payload);
      await tx.$executeRaw`INSERT INTO "ChoreRequested" VALUES (${number}, ${job}::uuid)`;
    });
  };
  commit().then(
    () => response.writeHead(202).end(),
    () => response.writeHead(503, { "retry-after": "1" }).end(),
  );
}).listen(config.port, config.host, () => log.info({}, "listening"));

closeOnSignal(log, async () => {
  server.close();
  await close(0);
  await broker.close();
  await database.close();
});
