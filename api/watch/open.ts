import { hostname } from "node:os";
import type { Tx } from "../../infra/database.ts";
import type { Jobs, Sql } from "../../workers/core/index.ts";
import { createBooks } from "./books.ts";
import type { SignUp } from "./demos.ts";
import { readDeletionGrace } from "./deletion-grace.ts";
import { Feed } from "./feed.ts";
import { createJobPages } from "./job-pages.ts";
import { allowFrames } from "./frames.ts";
import { openControls } from "./open-controls.ts";
import { queues } from "../http/queues.ts";
import { createReader } from "./reader.ts";
import { createWatchRouter } from "./router.ts";
import { createSafety } from "./safety.ts";
import { createViewers } from "./viewers.ts";
import type { Watch } from "./watch.ts";

export interface WatchDeps {
  sql: Sql;
  jobs: Jobs<Tx>;
  queueUrl: string;
  queuePrefix: string;
  /** Sign-ups of a flood. */
  signUp: SignUp;
  publicUrl: string;
  sandboxUrl: string;
  /** The origin of stored files, if it is not this server's. */
  storageOrigin: string | undefined;
  /** Called when the ledger cannot be read. It is tried again. */
  onError: (error: Error) => void;
  /** Kills this process. Default: with SIGKILL. */
  die?: () => Promise<never>;
  /** Milliseconds, on a clock that never goes back: for the interval between acts that break something. */
  now?: () => number;
}

/** Opens the live page. It reads nothing until the first viewer comes. */
export const openWatch = (deps: WatchDeps): Watch => {
  const { sql, jobs, sandboxUrl, storageOrigin, onError } = deps;
  const server = `${hostname()}:${process.pid}`;
  const viewers = createViewers({
    onFirst: () => reader.open(),
    onNone: () => void reader.close(),
    onWaiting: () => reader.request(),
  });
  const facts = () => ({ server, queues, viewers: viewers.size, breaks: controls.breaks() });
  const reader = createReader({
    createFeed: () => new Feed({ sql, followed: () => viewers.followed, facts }),
    onUpdate: viewers.send,
    onStale: viewers.sendStale,
    onError,
  });
  const safety = createSafety(deps.publicUrl, deps.now);
  const controls = openControls({
    ...deps,
    jobs: hurrying(jobs, reader.hurry),
    queues: queues.map(({ name }) => name),
    server,
    safety,
    viewers: () => viewers.size,
  });
  const router = createWatchRouter({
    safety,
    controls: controls.router,
    viewers,
    pages: createJobPages(sql),
    books: createBooks(sql, sandboxUrl),
    storageOrigin,
  });

  return {
    router,
    around: allowFrames(controls.around),
    jobs: controls.jobs,
    deletionGrace: (request) => readDeletionGrace(safety, request),
    paths: ["/watch/stream", "/watch/jobs", "/watch/books", "/watch/source", ...controls.paths],
    close: async () => {
      viewers.close();
      await controls.close();
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
