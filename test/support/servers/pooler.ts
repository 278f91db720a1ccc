import { randomInt } from "node:crypto";
import pg from "pg";

interface Behaviour {
  /** When a server connection becomes free for other clients. */
  mode: "session" | "transaction";
  /** Which free server connection a client gets: the one that was used last, or first. */
  order?: "last" | "first";
  /** Whether a server connection is reset when its client ends. By default in session mode. */
  resets?: boolean;
}

/** The clients of a pooler in this process, with three connections to a real server. */
export interface Pooler extends AsyncDisposable {
  /** A client that does not connect, and has what the code that is tested uses of one. */
  client(): pg.Client;
}

/** Gives clients server connections as PgBouncer does, which is not installed on every machine. */
export const createPooler = async (url: string, behaviour: Behaviour): Promise<Pooler> => {
  const { mode, order = "last", resets = mode === "session" } = behaviour;
  const servers = [1, 2, 3].map(() => new pg.Client(url));
  await Promise.all(servers.map((each) => each.connect()));
  const free = [...servers];

  const take = () => {
    const server = order === "last" ? free.pop() : free.shift();
    if (!server) throw new Error("query_wait_timeout");
    return server;
  };
  const client = () => {
    let own: pg.Client | undefined;
    const query = async (config: pg.QueryConfig | string) => {
      const server = (own ??= take());
      const result = await server.query(config);
      if (mode === "transaction" && server.getTransactionStatus() === "I") {
        free.push(server);
        own = undefined;
      }
      return result;
    };
    const end = async () => {
      if (!own) return;
      if (resets) await own.query("DISCARD ALL");
      free.push(own);
      own = undefined;
    };
    const processID = randomInt(1_000_000_000, 2_000_000_000);
    return { processID, query, end, connect: async () => {}, on: () => {} } as unknown as pg.Client;
  };
  return {
    client,
    [Symbol.asyncDispose]: async () => void (await Promise.all(servers.map((each) => each.end()))),
  };
};
