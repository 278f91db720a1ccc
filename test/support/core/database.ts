import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { inject } from "vitest";

export interface TestDatabase {
  readonly url: string;
  /** @throws Error if a connection to it was left open. */
  drop(): Promise<void>;
}

/** A migrated, empty database for one test file. */
export const createTestDatabase = async (): Promise<TestDatabase> => {
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await withServer(async (server) => {
    // Copying fails while another copy of the same template is being made.
    await server.query("SELECT pg_advisory_lock(1)");
    // Copied file by file: half the time of the default, which would be safer in a crash.
    await server.query(`CREATE DATABASE ${name} TEMPLATE ${templateName()} STRATEGY FILE_COPY`);
  });
  return { url: databaseUrl(name), drop: () => withServer((server) => drop(server, name)) };
};

const drop = async (server: pg.Client, name: string) => {
  const leaked = await connectionsLeft(server, name);
  await server.query(`DROP DATABASE ${name} WITH (FORCE)`);
  if (leaked.length > 0) throw new Error(`Connections were left open by: ${leaked.join(", ")}`);
};

/** Checks repeatedly, because the server takes a moment to notice that a connection has ended. */
const connectionsLeft = async (server: pg.Client, name: string): Promise<string[]> => {
  for (let tries = 0; ; tries++) {
    const { rows } = await server.query<{ client: string }>(
      "SELECT application_name || ' (' || left(query, 100) || ')' AS client FROM pg_stat_activity WHERE datname = $1",
      [name],
    );
    if (rows.length === 0 || tries === 20) return rows.map((row) => row.client);
    await sleep(100);
  }
};

const withServer = async <Result>(work: (server: pg.Client) => Promise<Result>): Promise<Result> => {
  const server = new pg.Client(databaseUrl("postgres"));
  await server.connect();
  try {
    return await work(server);
  } finally {
    await server.end();
  }
};

const templateName = () => new URL(inject("templateUrl")).pathname.slice(1);

const databaseUrl = (name: string) =>
  Object.assign(new URL(inject("templateUrl")), { pathname: `/${name}` }).href;
