import type { Logger } from "pino";
import type { Broker, Core, PoolState } from "../../workers/core/index.ts";
import type { Database } from "../database.ts";
import { meterBroker } from "./broker.ts";
import { meterCounts } from "./counts.ts";
import { meterLedger } from "./ledger.ts";
import { createMetrics } from "./registry.ts";
import { meterRequests } from "./requests.ts";
import { meterRuns } from "./runs.ts";
import { serveMetrics } from "./server.ts";
import { meterWorkers } from "./workers.ts";

interface Options {
  config: { host: string };
  log: Logger;
  port: number;
  database: Pick<Database, "jobs" | "pool">;
  broker: Broker;
  /** The queues that get series from the start. */
  queues: readonly string[];
}

const poolsOf = ({ database, broker }: Options): Record<string, () => PoolState> => ({
  database: database.pool,
  ...(broker.pool && { broker: broker.pool }),
});

/** The metrics of a worker process. Served from `serve` on. */
export const openWorkerMetrics = (options: Options) => {
  const { config, log, port, queues } = options;
  const metrics = createMetrics(poolsOf(options));
  const stopCounting = meterCounts(metrics.registry, { queues, works: true });
  const { observe } = meterRuns(metrics.registry, queues);
  return {
    observe,
    serve: (health: Core<never>["health"]) => {
      meterWorkers(metrics, health);
      return closing(serveMetrics(metrics, { host: config.host, port, log }), stopCounting);
    },
  };
};

/** The metrics of an API process, and those of the whole system. Serves them at once. */
export const openApiMetrics = (options: Options & { onError(error: Error): void }) => {
  const { config, log, port, database, broker, queues, onError } = options;
  const metrics = createMetrics(poolsOf(options));
  const stopCounting = meterCounts(metrics.registry, { queues, works: false });
  meterLedger(metrics, { sql: database.jobs.sql, queues, onError });
  meterBroker(metrics, broker);
  const server = serveMetrics(metrics, { host: config.host, port, log });
  return { measure: meterRequests(metrics.registry), ...closing(server, stopCounting) };
};

const closing = (server: { close(): void }, stopCounting: () => void) => ({
  close: () => {
    server.close();
    stopCounting();
  },
});
