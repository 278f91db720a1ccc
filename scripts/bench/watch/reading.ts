import { setTimeout as sleep } from "node:timers/promises";
import { LEDGER } from "../../../api/watch/ledger-sql.ts";
import type { Measurement } from "../findings.ts";
import { endOf, statementsSince } from "../statement-log.ts";
import { median, percentile } from "../statistics.ts";
import { APPLICATION, startSystem } from "./system.ts";
import { openViewers, type Viewer } from "./viewers.ts";

const SECONDS = { full: 20, quick: 8 };
const VIEWERS = 5;
const RAIN = 1_000;
/** Seconds until a load has its full effect, and until a reader to which nothing happens is at rest. */
const SETTLE = 3;
const CALM = 8;

interface Period {
  perSecond: number;
  /** Milliseconds of a read. */
  median: number;
  p99: number;
  /** Percent of the time of one connection. */
  busy: number;
  /** KB per second and viewer. */
  traffic: number;
}

/** Measures what the reader of the live page asks of PostgreSQL, and what it sends. */
export const measureReading: Measurement = async (servers, extent) => {
  await using system = await startSystem(servers, { logStatements: true });
  const seconds = SECONDS[extent];
  const during = (viewers: readonly Viewer[]) => observe(servers.postgresLog, viewers, seconds);

  const unwatched = await during([]);
  const viewers = await openViewers(system.url, VIEWERS);
  await sleep(CALM * 1_000);
  const idle = await during(viewers);
  await system.rain(RAIN, seconds + SETTLE);
  await sleep(SETTLE * 1_000);
  const busy = await during(viewers);
  await system.atRest();
  for (const viewer of viewers) viewer[Symbol.dispose]();

  return {
    title: `Live page: reads of the ledger by one API process (${seconds} s each)`,
    columns: ["", "reads per second", "ms, median", "ms, p99", "% of a connection", "KB/s per viewer"],
    rows: [
      row("no viewer", unwatched),
      row(`${VIEWERS} viewers, idle`, idle),
      row(`${VIEWERS} viewers, ${RAIN.toLocaleString("en")} jobs a second`, busy),
    ],
    figures: [
      { name: "watch_reads_per_second_unwatched", value: unwatched.perSecond, target: { max: 0 } },
      { name: "watch_reads_per_second_idle", value: idle.perSecond, target: { max: 1.1 } },
      { name: "watch_read_ms_idle", value: idle.median },
      { name: "watch_read_ms_busy", value: busy.median },
      { name: "watch_connection_percent_busy", value: busy.busy, target: { max: 5 } },
      { name: "watch_kb_per_second_idle", value: idle.traffic },
      { name: "watch_kb_per_second_busy", value: busy.traffic, target: { max: 64 } },
    ],
  };
};

const observe = async (log: string, viewers: readonly Viewer[], seconds: number): Promise<Period> => {
  const received = () => viewers.reduce((sum, viewer) => sum + viewer.bytes(), 0);
  const [start, before] = [await endOf(log), received()];
  await sleep(seconds * 1_000);
  const bytes = received() - before;
  const reads = await readsSince(log, start);
  return {
    perSecond: reads.length / seconds,
    median: median(reads),
    p99: percentile(reads, 0.99),
    busy: reads.reduce((sum, ms) => sum + ms, 0) / seconds / 10,
    traffic: viewers.length === 0 ? 0 : bytes / 1_000 / seconds / viewers.length,
  };
};

/** The first words of the reader's statement, which no other one has. */
const [FIRST = ""] = LEDGER.split("(");

/** The milliseconds of each read of the ledger since the log had so many bytes. */
const readsSince = async (log: string, start: number): Promise<number[]> => {
  const found: number[] = [];
  for await (const { ms, text } of statementsSince(log, start, APPLICATION))
    if (text.startsWith("execute ") && text.includes(FIRST)) found.push(ms);
  return found;
};

const row = (label: string, { perSecond, median, p99, busy, traffic }: Period) => [
  label,
  ...[perSecond, median, p99, busy, traffic].map((value) => (Number.isNaN(value) ? "–" : value.toFixed(1))),
];
