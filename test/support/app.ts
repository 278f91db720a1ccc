import { fileURLToPath } from "node:url";
import { pino } from "pino";
import supertest from "supertest";
import { createApp } from "../../api/app.ts";
import { createMailer } from "../../infra/mail.ts";
import { createRenderer } from "../../infra/templates.ts";
import { deriveToken } from "../../infra/tokens.ts";
import type { Message } from "../../sandbox/inbox.ts";
import { createSandbox } from "../../sandbox/sandbox.ts";
import { assign } from "../../workers/core/job.ts";
import { sendEmail } from "../../workers/email/handler.ts";
import { email } from "../../workers/email/job.ts";
import { type Core, createCore } from "./core.ts";
import { until } from "./until.ts";

const SECRET = "a secret for tests, of more than 32 characters";

/** The API, the mail worker and the sandbox in this process, on a database and a broker of their own. */
export interface TestApp extends AsyncDisposable {
  readonly core: Core;
  readonly request: ReturnType<typeof supertest>;
  /** Resolves with the newest mail to that address, once there is one. */
  mailTo(address: string): Promise<Message>;
  mailsTo(address: string): Promise<Message[]>;
}

export const createTestApp = async (): Promise<TestApp> => {
  const cleanups = new AsyncDisposableStack();
  const core = cleanups.use(await createCore());
  const sandbox = cleanups.adopt(
    await createSandbox({ host: "127.0.0.1", smtpPort: 0, httpPort: 0 }),
    (each) => each.close(),
  );
  const mailer = createMailer(`smtp://127.0.0.1:${sandbox.smtpPort}`, "Offstage <hello@offstage.example>");
  cleanups.defer(() => mailer.close());
  const { prisma, ping } = core.database;

  core.startRelay();
  core.work(
    assign(
      email,
      sendEmail({
        findUser: (id) => prisma.user.findUnique({ where: { id } }),
        findVerification: (id) => prisma.emailVerification.findUnique({ where: { id } }),
        links: {
          verifyEmail: (id) => `http://app.test/verify-email#${deriveToken(SECRET, "verify-email", id)}`,
          login: () => "http://app.test/",
        },
        render: createRenderer(fileURLToPath(new URL("../../templates/compiled", import.meta.url))),
        send: mailer.send,
      }),
    ),
  );
  const log = pino({ level: "silent" });
  const app = createApp({ prisma, ping, jobs: core.jobs, appSecret: SECRET, trustProxy: 0, log });

  const mailsTo = async (address: string) => {
    const response = await fetch(
      `http://127.0.0.1:${sandbox.httpPort}/api/messages?to=${encodeURIComponent(address)}`,
    );
    return (await response.json()) as Message[];
  };
  return {
    core,
    request: supertest(app),
    mailsTo,
    mailTo: (address) => until(`a mail to ${address}`, async () => (await mailsTo(address))[0]),
    [Symbol.asyncDispose]: () => cleanups.disposeAsync(),
  };
};
