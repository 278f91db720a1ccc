import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import express from "express";
import { notFound, sendErrors } from "../../../api/http/error-responses.ts";
import { logRequests } from "../../../api/http/request-log.ts";
import { openWatch } from "../../../api/watch/open.ts";
import type { Watch } from "../../../api/watch/watch.ts";
import { createLogger } from "../../../infra/logging.ts";
import type { Sql } from "../../../workers/core/index.ts";
import type { Core } from "../core/core.ts";

/** An API process that has only the live page. */
export interface WatchServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly watch: Watch;
  /** Bytes that wait for the slowest connection in this process, not in the kernel. */
  unsent(): number;
  /** The statements that it has run. */
  readonly statements: readonly string[];
  /** While it is set, PostgreSQL cannot be read. */
  outage: boolean;
}

export const createWatchServer = async (
  core: Core,
  sandboxUrl = "http://127.0.0.1:1",
): Promise<WatchServer> => {
  const statements: string[] = [];
  const state = { outage: false };
  const sql: Sql = (text, values) => {
    statements.push(text);
    if (state.outage) throw new Error("PostgreSQL is away");
    return core.sql(text, values);
  };
  const watch = openWatch({
    sql,
    jobs: core.jobs,
    queueUrl: core.queueUrl,
    queuePrefix: core.queuePrefix,
    signUp: async () => {
      throw new Error("no sign-ups here");
    },
    publicUrl: "http://app.test",
    sandboxUrl,
    storageOrigin: undefined,
    onError: () => {},
  });
  const log = createLogger("test", "silent");
  const app = express()
    .use(logRequests(log, watch.paths))
    .use("/watch", watch.router)
    .use(notFound)
    .use(sendErrors);
  const server = createServer(app).listen(0, "127.0.0.1");
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket.on("close", () => sockets.delete(socket)));
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    watch,
    statements,
    unsent: () => Math.max(0, ...[...sockets].map(({ writableLength }) => writableLength)),
    get outage() {
      return state.outage;
    },
    set outage(isAway) {
      state.outage = isAway;
    },
    [Symbol.asyncDispose]: async () => {
      await watch.close();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};
