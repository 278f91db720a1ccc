import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterEach, beforeAll, afterAll, expect, onTestFinished, test } from "vitest";
import { createSandbox } from "../../sandbox/sandbox.ts";
import { createPhones, type Phones } from "../../test/support/push/phones.ts";
import { createFcm } from "./fcm.ts";
import type { Push } from "./message.ts";

const never = new AbortController().signal;
const TOKEN = "canary-token-4711";
const push: Push = {
  token: TOKEN,
  platform: "ANDROID",
  eventId: "0190c9a0-0000-7000-8000-000000000001",
  sequence: 7,
  kind: "mention",
  title: "Grace mentioned you",
  text: "Could you look at it?",
  url: "https://app.test/projects#1",
  ttl: 86_400_000,
};

let sandboxUrl: string;
let sandbox: Awaited<ReturnType<typeof createSandbox>>;
let phones: Phones;
beforeAll(async () => {
  sandbox = await createSandbox({ host: "127.0.0.1", smtpPort: 0, httpPort: 0 });
  sandboxUrl = `http://127.0.0.1:${sandbox.httpPort}`;
  phones = createPhones(sandboxUrl);
});
afterEach(async () => {
  await phones.setOutage("off");
  await phones.clear();
});
afterAll(() => sandbox.close());

const open = async (url: string) => {
  const fcm = await createFcm({ sandbox: url });
  onTestFinished(fcm.close);
  return fcm;
};

const failureOf = async (change: Partial<Push> = {}) => {
  const { send } = await open(sandboxUrl);
  return send({ ...push, ...change }, never).then(
    () => "sent",
    (error: unknown) => error,
  );
};

/** What a provider with these responses gets, and the error. */
const ask = async (respond: RequestListener, signal = never) => {
  const server = createServer(respond).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { send } = await open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return send(push, signal).then(
    () => "sent",
    (error: unknown) => error,
  );
};

test("a push arrives with its texts, its event and its place", async () => {
  const { send } = await open(sandboxUrl);
  await send(push, never);
  expect(await phones.pushesTo(TOKEN)).toMatchObject([
    {
      eventId: push.eventId,
      sequence: 7,
      kind: "mention",
      title: push.title,
      body: push.text,
      url: push.url,
      repeated: false,
    },
  ]);
});

test.each([
  [
    "ANDROID",
    { android: { collapse_key: push.eventId, ttl: "86400s", notification: { tag: push.eventId } } },
  ],
  ["IOS", { apns: { headers: { "apns-collapse-id": push.eventId, "apns-expiration": expect.any(String) } } }],
  ["WEB", { webpush: { headers: { TTL: "86400", Topic: "0190c9a0000070008000000000000001" } } }],
] as const)("a push to %s collapses with its repetition, and expires", async (platform, expected) => {
  let received: unknown;
  const server = createServer(async (request, response) => {
    received = JSON.parse((await request.toArray()).join(""));
    response.setHeader("Content-Type", "application/json").end(`{"name":"projects/p/messages/1"}`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { send } = await open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await send({ ...push, platform }, never);
  expect(received).toMatchObject({ message: { token: TOKEN, ...expected } });
});

test("long texts are shortened, so that every push fits", async () => {
  const { send } = await open(sandboxUrl);
  await send({ ...push, title: "👩‍🚀".repeat(500), text: "\u0001".repeat(5_000) }, never);
  const [{ title, body } = {}] = await phones.pushesTo(TOKEN);
  expect([title?.length, body?.length].every((length) => length && length <= 300)).toBe(true);
  expect(title).toMatch(/…$/);
  expect(title?.isWellFormed()).toBe(true);
});

test.each([
  ["refuse", { code: "messaging/server-unavailable", status: 503, retryAfter: 2_000 }],
  ["limit", { code: "messaging/message-rate-exceeded", status: 429, retryAfter: 2_000 }],
  ["reject", { code: "messaging/registration-token-not-registered", status: 404 }],
  ["credentials", { reason: "UNAUTHENTICATED", status: 401 }],
] as const)("%s is one call, and one error with its facts", async (mode, facts) => {
  await phones.setOutage(mode);
  expect(await failureOf()).toMatchObject({ name: "PushError", ...facts });
  expect(await phones.calls()).toHaveLength(1);
});

test.each([
  ["gone-1", { code: "messaging/registration-token-not-registered" }],
  ["invalid-1", { code: "messaging/invalid-argument", namesToken: true }],
  ["foreign-1", { code: "messaging/mismatched-credential", reason: "SENDER_ID_MISMATCH" }],
  ["broken-1", { code: "messaging/internal-error", status: 500, namesToken: false }],
])("the token %s", async (token, facts) => {
  expect(await failureOf({ token })).toMatchObject(facts);
});

test("an argument that is not the token's does not name the token", async () => {
  const body = {
    error: { code: 400, status: "INVALID_ARGUMENT", message: "Invalid value at 'message.data'" },
  };
  const error = await ask((_request, response) => void response.writeHead(400).end(JSON.stringify(body)));
  expect(error).toMatchObject({ code: "messaging/invalid-argument", namesToken: false });
});

test("an error contains nothing of the response or the request", async () => {
  for (const body of [
    JSON.stringify({ error: { code: 500, status: "SOMETHING", message: `about ${TOKEN}` } }),
    `<html>${TOKEN}</html>`,
  ]) {
    const error = await ask((_request, response) => void response.writeHead(500).end(body));
    expect(error).toMatchObject({ name: "PushError", status: 500 });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/canary|Grace|Bearer/);
  }
});

test("a connection that breaks is not tried again", async () => {
  let calls = 0;
  const error = await ask((request) => {
    calls++;
    request.socket.destroy();
  });
  expect(error).toMatchObject({ code: "app/network-error", status: undefined });
  expect(calls).toBe(1);
});

test("a provider that does not respond fails after ten seconds", async () => {
  const began = performance.now();
  expect(await ask(() => {})).toMatchObject({ code: "push/timeout" });
  expect(performance.now() - began).toBeGreaterThanOrEqual(9_900);
});

test("a push ends when its signal aborts", async () => {
  const reason = new Error("stopped");
  const stop = new AbortController();
  expect(await ask(() => stop.abort(reason), stop.signal)).toBe(reason);
  expect(await ask(() => expect.unreachable(), stop.signal)).toBe(reason);
});

test("a service account that Google cannot be asked about is a network error, one that it refuses is not", async () => {
  const { toPushError } = await import("./error.ts");
  const signIn = (cause: unknown) =>
    toPushError({ code: "app/invalid-credential", message: "secret", cause });
  expect(signIn({ code: "ENOTFOUND" })).toMatchObject({ code: "app/network-error" });
  expect(signIn({ response: { status: 503 } })).toMatchObject({ code: "app/network-error" });
  expect(signIn({ response: { status: 400 } })).toMatchObject({
    code: "app/invalid-credential",
    status: 400,
  });
});

test("a client of Google's opens with a service account, and connects to nothing", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const account = {
    projectId: "app",
    clientEmail: "push@app.iam.gserviceaccount.com",
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
  const fcm = await createFcm({ account });
  fcm.close();
});
