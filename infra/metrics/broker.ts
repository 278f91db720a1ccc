import { Counter, Gauge } from "@prometheus-io/client";
import type { Broker } from "../../workers/core/index.ts";
import type { Metrics } from "./registry.ts";

/** Milliseconds for which the values are used again, and after which a broker that does not respond is down. */
const FRESH = 5_000;
const PATIENCE = 2_000;

/** Metrics of the broker. All but the first only where it is Redis; in a cluster, the sums over its masters. */
export const meterBroker = (
  { registry, beforeScrape }: Pick<Metrics, "registry" | "beforeScrape">,
  broker: Pick<Broker, "ping" | "memory">,
): void => {
  const registers = [registry];
  const up = new Gauge({
    name: "offstage_broker_up",
    help: "1 if the broker responds and accepts jobs.",
    registers,
  });
  let redis: ReturnType<typeof createRedisGauges> | undefined;

  let next = 0;
  const read = async (): Promise<void> => {
    const servers = await within(PATIENCE, broker.memory()).catch(() => undefined);
    if (servers && servers.length > 0) (redis ??= createRedisGauges(registers))(servers);
    up.set(await within(PATIENCE, broker.ping()).then(() => 1, () => 0)); // prettier-ignore
    next = performance.now() + FRESH;
  };
  let reading: Promise<void> | undefined;
  beforeScrape(() => {
    if (performance.now() >= next) reading ??= read().finally(() => (reading = undefined));
    return reading;
  });
};

const createRedisGauges = (registers: Metrics["registry"][]) => {
  const used = new Gauge({
    name: "offstage_broker_memory_bytes",
    help: "Memory that Redis uses.",
    registers,
  });
  const most = new Gauge({
    name: "offstage_broker_memory_max_bytes",
    help: "Memory that Redis may use; 0 without a limit.",
    registers,
  });
  const evicts = new Gauge({
    name: "offstage_broker_evicts",
    help: "1 if Redis may evict jobs: maxmemory-policy is not noeviction.",
    registers,
  });
  const evicted = new Counter({
    name: "offstage_broker_evicted_keys_total",
    help: "Keys that Redis has evicted since it started.",
    registers,
  });
  return (servers: Awaited<ReturnType<Broker["memory"]>>): void => {
    const sum = (of: (server: (typeof servers)[number]) => number) =>
      servers.reduce((total, server) => total + of(server), 0);
    used.set(sum(({ used }) => used));
    most.set(sum(({ most }) => most));
    evicts.set(servers.some(({ evicts }) => evicts) ? 1 : 0);
    evicted.reset();
    evicted.inc(sum(({ evicted }) => evicted));
  };
};

const within = <Result>(ms: number, work: Promise<Result>): Promise<Result> => {
  const late = AbortSignal.timeout(ms);
  return Promise.race([
    work,
    new Promise<never>((_resolve, reject) =>
      late.addEventListener("abort", () => reject(new Error(`no response within ${ms} ms`)), { once: true }),
    ),
  ]);
};
