import { openDatabase, type Database, type Tx } from "../../../infra/database.ts";
import {
  createJobs,
  openBroker,
  startRelay,
  type Broker,
  type Jobs,
  type Log,
  type Sql,
  type Worker,
} from "../../../workers/core/index.ts";
import { logRuns } from "../../../workers/core/outcome.ts";
import { type Relay } from "../../../workers/core/relay.ts";
import { startWorkers, type RunningWorkers } from "../../../workers/core/worker.ts";
import { testBroker } from "./broker.ts";
import { createTestDatabase } from "./database.ts";
import { until } from "../../../scripts/processes/until.ts";

/** The columns of a ledger row that tests use. */
export interface LedgerRow {
  id: string;
  name: string;
  state: string;
  epoch: number;
  attempt: number;
  crashes: number;
  history: { endedAt: string; outcome: string; error?: string; retryAt?: string | null }[];
  progress: unknown;
  result: unknown;
  error: string | null;
  startedAt: Date | null;
}

/** The whole core in this process, with a separate database and broker. */
export interface Core extends AsyncDisposable {
  /** The URL of the database. */
  readonly url: string;
  /** The URL of the broker. */
  readonly queueUrl: string;
  readonly queuePrefix: string;
  readonly database: Database;
  readonly broker: Broker;
  readonly sql: Sql;
  readonly jobs: Jobs<Tx>;
  readonly log: Log;
  /** What core logged, one entry per line. */
  readonly logged: { fields: Record<string, unknown>; message: string }[];
  /** Starts to publish jobs. Without a relay, they wait in the ledger. */
  startRelay(): Relay;
  /** Starts these workers. They stop with the test. */
  work(...workers: Worker<Tx>[]): RunningWorkers;
  row(id: string): Promise<LedgerRow>;
  /** Resolves with the row when the job has that state. */
  reaches(id: string, state: string): Promise<LedgerRow>;
}

const silent = () => {};

export const createCore = async (): Promise<Core> => {
  const cleanups = new AsyncDisposableStack();
  const { url } = cleanups.adopt(await createTestDatabase(), ({ drop }) => drop());
  const { url: queueUrl, prefix } = await testBroker(url);
  // As many connections as the API has, so that twenty concurrent requests do not wait for one.
  const database = cleanups.adopt(openDatabase(url, 20, silent), (each) => each.close());
  const broker = cleanups.adopt(openBroker(queueUrl, prefix, silent), (each) => each.close());
  await until("the broker responds", () => broker.ping().then(() => true));
  const { sql } = database.jobs;

  const logged: Core["logged"] = [];
  const write = (fields: object, message: string) => void logged.push({ fields: { ...fields }, message });
  const log = { info: write, warn: write, error: write };
  let relay: Relay | undefined;
  const nudge = () => relay?.nudge();

  const row = async (id: string) => {
    const [found] = await sql<LedgerRow>(`SELECT * FROM "Job" WHERE id = $1::uuid`, [id]);
    if (!found) throw new Error(`no job ${id}`);
    return found;
  };
  return {
    url,
    queueUrl,
    queuePrefix: prefix,
    database,
    broker,
    sql,
    jobs: createJobs(database.jobs, nudge),
    log,
    logged,
    startRelay: () => (relay = cleanups.adopt(startRelay(sql, broker, log), (each) => each.close())),
    work: (...workers) =>
      cleanups.adopt(
        startWorkers({ database: database.jobs, broker, workers, log, observe: logRuns(log), nudge }),
        (each) => each.close(0),
      ),
    row,
    reaches: async (id, state) => {
      return until(`job ${id} is ${state}`, async () => {
        const found = await row(id);
        return found.state === state && found;
      });
    },
    [Symbol.asyncDispose]: () => cleanups.disposeAsync(),
  };
};
