import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { describeApi } from "../api/http/openapi.ts";
import { createReadiness } from "../api/http/readiness.ts";
import { createStreams } from "../api/notifications/streams.ts";
import { createRoutes } from "../api/routes.ts";
import { loadConfig } from "../infra/config.ts";
import { openDatabase } from "../infra/database.ts";
import { createLogger } from "../infra/logging.ts";
import { openStorage } from "../infra/storage/open.ts";
import { noThrottle } from "../infra/throttle.ts";
import { createJobs } from "../workers/core/index.ts";

// npm run openapi: writes openapi.json. Run it after a change to the contracts of routes.

const file = join(import.meta.dirname, "../openapi.json");

/** The OpenAPI document of the current routes. Opens no connection. */
export const currentDocument = async (): Promise<object> => {
  const config = loadConfig("api", {});
  const database = openDatabase(config.databaseUrl, 1, () => {});
  const routes = createRoutes({
    ...config,
    prisma: database.prisma,
    jobs: createJobs(database.jobs, () => {}),
    throttle: noThrottle,
    storage: await openStorage(config),
    uploadWork: {},
    streams: createStreams(database, { onError: () => {} }),
    readiness: createReadiness({ database: database.ping, migrations: database.ping, broker: database.ping }),
    log: createLogger("openapi", "silent"),
  });
  await database.close();
  return describeApi(routes);
};

if (process.argv[1] === import.meta.filename) {
  const options = await resolveConfig(file);
  await writeFile(
    file,
    await format(JSON.stringify(await currentDocument()), { ...options, parser: "json" }),
  );
}
