import { hostname } from "node:os";
import type { Tx } from "../../infra/database.ts";
import type { Broker, Jobs, Sql } from "../../workers/core/index.ts";
import { createSignUp } from "../accounts/signup.ts";
import type { Breaks } from "./breaks.ts";
import { createBooks } from "./books.ts";
import { readDeletionGrace } from "./deletion-grace.ts";
import { Feed } from "./feed.ts";
import { createJobPages } from "./job-pages.ts";
import { openControls } from "./open-controls.ts";
import { queues } from "./queues.ts";
import { createReader } from "./reader.ts";
import { createWatchRouter } from "./router.ts";
import { createSafety } from "./safety.ts";
import { createViewers } from "./viewers.ts";
import type { Watch } from "./watch.ts";

interface WatchDeps {
  sql: Sql;
  jobs: Jobs<Tx>;
  broker: Pick<Broker, "pause" | "resume" | "isPaused">;
  queueUrl: string;
  queuePrefix: string;
  appSecret: string;
  publicUrl: string;
  sandboxUrl: string;
  /** The origin of stored files, if it is not this server's. */
  storageOrigin: string | undefined;
  /** Called when the ledger cannot be read. It is tried again. */
  onError: (error: Error) => void;
}

/** Opens the live page. It reads nothing until the first viewer comes. */
export const openWatch = (deps: WatchDeps): Watch => {
  const { sql, publicUrl, sandboxUrl, storageOrigin, onError } = deps;
  const server = `${hostname()}:${process.pid}`;
  const viewers = createViewers({
    onFirst: () => reader.open(),
    onNone: () => void reader.close(),
    onWaiting: () => reader.request(),
  });
  const controls = openControls({
    ...deps,
    ...{ server, queues: queues.map(({ name }) => name), signUp: createSignUp(deps.appSecret) },
    viewers: () => viewers.size,
  });
  let breaks: Breaks | undefined;
  const facts = () => {
    // What is broken is read meanwhile, and shown by the next read of the ledger.
    void controls.breaks().then((found) => (breaks = found));
    return { server, queues, viewers: viewers.size, ...(breaks && { breaks }) };
  };
  const reader = createReader({
    createFeed: () => new Feed({ sql, followed: () => viewers.followed, facts }),
    onUpdate: viewers.send,
    onStale: viewers.sendStale,
    onError,
  });
  const safety = createSafety(publicUrl);
  const router = createWatchRouter({
    safety,
    viewers,
    pages: createJobPages(sql),
    books: createBooks(sql, sandboxUrl),
    storageOrigin,
    controls: controls.router,
  });

  return {
    router,
    around: controls.around,
    jobs: hurrying(controls.jobs, reader.hurry),
    deletionGrace: (request) => readDeletionGrace(safety, request),
    paths: ["/watch/stream", "/watch/jobs", "/watch/books", "/watch/source", ...controls.paths],
    close: async () => {
      await controls.close();
      viewers.close();
      await reader.close();
    },
  };
};

/** Jobs whose commits are shown at once. */
const hurrying = (jobs: Jobs<Tx>, hurry: () => void): Jobs<Tx> => ({
  transaction: async (work) => {
    const result = await jobs.transaction(work);
    hurry();
    return result;
  },
});
