import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ConfigError, loadConfig } from "../config.ts";
import { parseServiceAccount } from "./service-account.ts";

const privateKey = generateKeyPairSync("ec", { namedCurve: "P-256" })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();
const file = {
  type: "service_account",
  project_id: "app",
  client_email: "push@app.example",
  private_key: privateKey,
};
const account = { projectId: "app", clientEmail: "push@app.example", privateKey };

test("reads the JSON, or the file at a path", async () => {
  expect(parseServiceAccount(` ${JSON.stringify(file)}`)).toEqual(account);
  const folder = await mkdtemp(join(tmpdir(), "offstage-account-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "account.json");
  await writeFile(path, JSON.stringify(file));
  expect(parseServiceAccount(path)).toEqual(account);
  expect(loadConfig("worker", { FCM_CREDENTIALS: path }).fcmCredentials).toEqual(account);
});

test.each([
  ["{canary", "must be a service account of Google: it is not JSON"],
  [
    "/nowhere/canary.json",
    "must be a service account's JSON, or the path of a file that can be read (ENOENT)",
  ],
  ["{}", "must be a service account of Google: project_id, client_email, private_key is missing or invalid"],
  [
    JSON.stringify({
      ...file,
      private_key: "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----",
    }),
    "must be a service account of Google: private_key is missing or invalid",
  ],
])("refuses %s, without showing it", (value, problem) => {
  const load = () => loadConfig("worker", { FCM_CREDENTIALS: value });
  expect(load).toThrow(ConfigError);
  expect(load).toThrow(`FCM_CREDENTIALS: ${problem}`);
  expect(load).not.toThrow("canary");
});
