import { expect, test } from "vitest";
import { loadConfig } from "../../infra/config.ts";
import type { Run } from "../core/index.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { wire } from "./push-notify.ts";

const production = {
  NODE_ENV: "production",
  APP_SECRET: "0123456789abcdef0123456789abcdef",
  DATABASE_URL: "postgres://127.0.0.1/app",
  STORAGE_URL: "s3://files",
  PUBLIC_URL: "https://app.example.com",
  SMTP_URL: "smtps://mail.example.com",
  MAIL_FROM: "hello@example.com",
  TRANSCRIPTION_URL: "none",
};

test("in production without credentials, pushes are off: it says so once, and skips the jobs", async () => {
  const warnings: string[] = [];
  const worker = await wire({
    config: loadConfig("worker", production),
    log: { info: () => {}, warn: (_fields, message) => void warnings.push(message), error: () => {} },
    prisma: {} as Infrastructure["prisma"],
    jobs: {} as Infrastructure["jobs"],
    storage: {} as Infrastructure["storage"],
    onClose: () => expect.unreachable(),
  });
  expect(warnings).toEqual(["pushes are off: FCM_CREDENTIALS is not set. Their jobs are skipped"]);
  const run = { signal: new AbortController().signal } as Run<never>;
  const payload = { userId: "0190c9a0-0000-7000-8000-000000000001" };
  expect(await worker.handler(payload, run)).toBe("skipped: pushes are off");
  expect(warnings).toHaveLength(1);
});

test("production refuses the sandbox as the receiver of pushes", () => {
  const load = () => loadConfig("worker", { ...production, FCM_SANDBOX_URL: "http://sandbox:8025" });
  expect(load).toThrow("FCM_SANDBOX_URL: must not be set, the sandbox delivers no push; set FCM_CREDENTIALS");
});
