import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accountFor } from "../../../scripts/postgres/account.ts";
import { freePort } from "../../../scripts/processes/ports.ts";
import { until } from "../../../scripts/processes/until.ts";

/** Settings of PgBouncer that differ from its defaults. */
type Settings = Readonly<Record<string, string | number>>;

interface PgBouncer extends AsyncDisposable {
  /** The URL of the database through PgBouncer. */
  readonly url: string;
  /** Ends it without waiting for its clients, and starts it again. */
  crash(): Promise<void>;
  /** Changes its settings while it runs. */
  reload(settings: Settings): Promise<void>;
}

/** Starts the PgBouncer of this machine in front of a database. It does not outlive this process. */
export const startPgBouncer = async (databaseUrl: string, settings: Settings): Promise<PgBouncer> => {
  const { hostname, port: serverPort, username, password, pathname } = new URL(databaseUrl);
  const folder = await mkdtemp(join(tmpdir(), "offstage-pgbouncer-"));
  const port = await freePort();
  const { prefix, identity } = accountFor(folder); // PgBouncer refuses root too
  const file = join(folder, "pgbouncer.ini");
  const users = join(folder, "users.txt");
  await writeFile(users, `"${username}" "${password}"\n`);
  const configure = (chosen: Settings) => {
    const all = {
      listen_addr: "127.0.0.1",
      listen_port: port,
      unix_socket_dir: "",
      auth_type: "scram-sha-256",
      auth_file: users,
      ...chosen,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}\n`);
    const database = `[databases]\n* = host=${hostname} port=${serverPort}\n`;
    return writeFile(file, `${database}[pgbouncer]\n${lines.join("")}`);
  };

  let server: ChildProcess;
  const start = async () => {
    const [program, ...args] = [...prefix, "pgbouncer", file];
    server = spawn(program, args, { ...identity, stdio: "ignore" });
    await once(server, "spawn");
    await until("PgBouncer listens", async () => {
      const socket = connect(port, "127.0.0.1");
      return once(socket, "connect").then(() => socket.destroy() !== undefined);
    });
  };
  const kill = async () => {
    const ended = once(server, "exit");
    if (server.kill("SIGKILL")) await ended;
  };
  await configure(settings);
  await start();
  return {
    url: `postgres://${username}:${password}@127.0.0.1:${port}${pathname}`,
    crash: async () => {
      await kill();
      await start();
    },
    reload: async (changed) => {
      await configure({ ...settings, ...changed });
      server.kill("SIGHUP");
    },
    [Symbol.asyncDispose]: async () => {
      await kill();
      await rm(folder, { recursive: true });
    },
  };
};
