import { once } from "node:events";
import type { AddressInfo } from "node:net";
import supertest from "supertest";
import { createSignUp } from "../../../api/accounts/signup.ts";
import { createApp } from "../../../api/app.ts";
import { createReadiness, type Readiness } from "../../../api/http/readiness.ts";
import { createApiServer } from "../../../api/http/server.ts";
import { openWatch, type WatchDeps } from "../../../api/watch/open.ts";
import { createStreams, type Streams } from "../../../api/notifications/streams.ts";
import type { UploadWork } from "../../../api/uploads/work.ts";
import { loadConfig } from "../../../infra/config.ts";
import { createLogger } from "../../../infra/logging.ts";
import { checkMigrations } from "../../../infra/migrations.ts";
import { noThrottle, type Throttle } from "../../../infra/throttle.ts";
import type { Message } from "../../../sandbox/inbox.ts";
import { createSandbox } from "../../../sandbox/sandbox.ts";
import { wire as wireEmail } from "../../../workers/wiring/email.ts";
import type { Wire } from "../../../workers/wiring/infrastructure.ts";
import { wire as wireUploadPurge } from "../../../workers/wiring/upload-purge.ts";
import { type Core, createCore } from "../core/core.ts";
import { createTestStorage, type Driver, type TestStorage } from "../servers/storage.ts";
import { until } from "../../../scripts/processes/until.ts";

export const SECRET = "a secret for tests, of more than 32 characters";
export const PUBLIC_URL = "http://app.test";

interface Options {
  /** Default: no rate limits. */
  throttle?: (core: Core) => Throttle;
  /** Default: a temporary folder. */
  driver?: Driver;
  /** Default: no processing. */
  uploadWork?: UploadWork;
  /** Milliseconds before an account is deleted. Default: a week. */
  accountDeletionGrace?: number;
  /** Further modules to run. `email` and `upload-purge` always run. */
  modules?: Wire[];
  /** Whether the broker's own page may change the broker. Default: yes. */
  writableBoard?: boolean;
  /** Whether the live page is there, and what differs there. Default: no. */
  watch?: boolean | Partial<WatchDeps>;
}

/** The API, the workers of `email` and `upload-purge` and the sandbox, with a separate database and broker. */
export interface TestApp extends AsyncDisposable {
  readonly core: Core;
  readonly url: string;
  readonly sandboxUrl: string;
  readonly readiness: Readiness;
  readonly streams: Streams;
  readonly files: TestStorage;
  /** Every line that the API logged. */
  readonly logged: readonly string[];
  readonly request: ReturnType<typeof supertest>;
  /** Waits for a mail to an address, with a given subject if one is passed, and returns the newest. */
  mailTo(address: string, subject?: string): Promise<Message>;
  mailsTo(address: string): Promise<Message[]>;
  /** Breaks or repairs the mail provider. */
  setMailOutage(mode: "off" | "refuse"): Promise<void>;
  /** All headers of a mail, unfolded. */
  headersOf(mail: Message): Promise<string>;
}

const idle = { start: async () => {} };

export const createTestApp = async (options: Options = {}): Promise<TestApp> => {
  const cleanups = new AsyncDisposableStack();
  const core = cleanups.use(await createCore());
  const sandbox = cleanups.adopt(
    await createSandbox({ host: "127.0.0.1", smtpPort: 0, httpPort: 0 }),
    (each) => each.close(),
  );
  const sandboxUrl = `http://127.0.0.1:${sandbox.httpPort}`;
  const files = cleanups.use(await createTestStorage(options.driver ?? "local", SECRET));
  const { prisma, ping } = core.database;

  core.startRelay();
  const logged: string[] = [];
  const log = createLogger("test", "debug", { write: (line) => void logged.push(line) });
  const config = loadConfig("worker", {
    PUBLIC_URL,
    APP_SECRET: SECRET,
    SMTP_URL: `smtp://127.0.0.1:${sandbox.smtpPort}`,
    FCM_SANDBOX_URL: sandboxUrl,
  });
  const onClose = (close: () => void) => cleanups.defer(async () => close());
  const infrastructure = { config, log, prisma, jobs: core.jobs, storage: files.storage, onClose };
  for (const wire of [wireEmail, wireUploadPurge, ...(options.modules ?? [])]) {
    const worker = await wire(infrastructure);
    if (worker) core.work(worker);
  }

  const readiness = createReadiness({
    database: ping,
    migrations: () => checkMigrations(core.sql),
    broker: core.broker.ping,
  });
  const streams = createStreams(core.database, { onError: (error) => log.warn({ err: error }, "events") });
  const watch = options.watch
    ? openWatch({
        ...core,
        signUp: createSignUp(SECRET),
        publicUrl: PUBLIC_URL,
        sandboxUrl,
        storageOrigin: files.storage.origin,
        onError: (error) => log.warn({ err: error }, "live page"),
        ...(options.watch === true ? {} : options.watch),
      })
    : undefined;
  const app = createApp({
    prisma,
    jobs: watch?.jobs ?? core.jobs,
    throttle: options.throttle?.(core) ?? noThrottle,
    storage: files.storage,
    uploadWork: options.uploadWork ?? { IMAGE: idle, VIDEO: idle },
    streams,
    readiness,
    appSecret: SECRET,
    accountDeletionGrace: options.accountDeletionGrace ?? 7 * 86_400_000,
    publicUrl: PUBLIC_URL,
    trustProxy: 1,
    board: { queue: core.broker.queue, isWritable: options.writableBoard ?? true },
    watch,
    log,
  });

  const fromInbox = async <Body>(path: string) => (await (await fetch(sandboxUrl + path)).json()) as Body;
  const mailsTo = (address: string) =>
    fromInbox<Message[]>(`/api/messages?to=${encodeURIComponent(address)}`);
  const { server, close } = createApiServer(app, log, loadConfig("api", {}).keepAliveTimeoutMs);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.defer(() => close(0));
  cleanups.defer(streams.close);
  cleanups.defer(async () => watch?.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    core,
    url,
    sandboxUrl,
    readiness,
    streams,
    files,
    logged,
    request: supertest(url),
    mailsTo,
    setMailOutage: async (mail) => {
      const headers = { "content-type": "application/json" };
      const request = { method: "PUT", headers, body: JSON.stringify({ mail }) };
      await fetch(`${sandboxUrl}/api/outage`, request);
    },
    headersOf: async ({ id }) =>
      (await fromInbox<{ headers: string }>(`/inbox/messages/${id}`)).headers.replaceAll(/\r?\n\s+/g, " "),
    mailTo: (address, subject) =>
      until(`a mail to ${address}`, async () =>
        (await mailsTo(address)).find((mail) => !subject || mail.subject === subject),
      ),
    [Symbol.asyncDispose]: () => cleanups.disposeAsync(),
  };
};
