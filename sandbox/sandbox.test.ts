import { once } from "node:events";
import { connect } from "node:net";
import { createTransport } from "nodemailer";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Inbox } from "./inbox.ts";
import type { Message } from "./inbox.ts";
import { Phones, type Phone } from "./phones.ts";
import { createSandbox } from "./sandbox.ts";

let sandbox: Awaited<ReturnType<typeof createSandbox>>;

beforeAll(async () => void (sandbox = await createSandbox({ host: "127.0.0.1", smtpPort: 0, httpPort: 0 })));
afterEach(async () => {
  await setOutage({ mail: "off", transcription: "off", push: "off" });
  await call("/api/messages", { method: "DELETE" });
  await call("/api/phones", { method: "DELETE" });
});
afterAll(() => sandbox.close());

test("lists accepted mails, newest first", async () => {
  await send({ to: "ada@example.com", subject: "First" });
  await send({
    to: "ada@example.com",
    subject: "Second",
    html: "<p>Hi</p>",
    messageId: "<1@offstage.example>",
  });
  await send({ to: "bob@example.com", subject: "Other" });

  const [second, first, ...others] = await messages("?to=ADA@example.com");
  expect(others).toEqual([]);
  expect(first?.subject).toBe("First");
  expect(second).toEqual({
    id: expect.any(String),
    to: "ada@example.com",
    from: "Offstage <hello@offstage.example>",
    subject: "Second",
    text: "Hi\n",
    html: "<p>Hi</p>",
    messageId: "<1@offstage.example>",
    receivedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    attachments: [],
  });
  expect((await messages()).map(({ subject }) => subject)).toEqual(["Other", "Second", "First"]);
});

test("gives each recipient a copy", async () => {
  await send({ to: ["ada@example.com", "bob@example.com"] });
  expect((await messages()).map(({ to }) => to)).toEqual(["bob@example.com", "ada@example.com"]);
});

test("accepts an address of the maximum length", async () => {
  const to = `${"a".repeat(64)}@${[63, 63, 57, 3].map((length) => "d".repeat(length)).join(".")}`;
  await send({ to });
  expect((await messages(`?to=${to}`)).map((mail) => mail.to)).toEqual([to]);
});

test("lists the ASCII form of an internationalised domain, and finds it by either form", async () => {
  await send({ to: "ada@пример.рф" });
  for (const to of ["ada@пример.рф", "ada@xn--e1afmkfd.xn--p1ai"])
    expect((await messages(`?to=${encodeURIComponent(to)}`)).map((mail) => mail.to)).toEqual([
      "ada@xn--e1afmkfd.xn--p1ai",
    ]);
});

test("deletes everything on request", async () => {
  await send({});
  expect((await call("/api/messages", { method: "DELETE" })).status).toBe(204);
  expect(await messages()).toEqual([]);
});

test("accepts any password", async () => {
  await send({}, { auth: { user: "any-user", pass: "any-password" } });
  expect(await messages()).toHaveLength(1);
});

test("drops the oldest mails when the inbox is full", async () => {
  const inbox = new Inbox(2);
  for (const subject of ["1", "2", "3"])
    await inbox.deliver(Buffer.from(`Subject: ${subject}\n\n`), ["a@example.com"]);
  expect(inbox.all().map(({ subject }) => subject)).toEqual(["3", "2"]);
});

test("responds with a temporary error", async () => {
  await setOutage({ mail: "refuse" });
  await expect(send({})).rejects.toMatchObject({ responseCode: 451, command: "RCPT TO" });
  expect(await messages()).toEqual([]);
});

test("responds with a permanent error", async () => {
  await setOutage({ mail: "reject" });
  await expect(send({})).rejects.toMatchObject({ responseCode: 550, command: "RCPT TO" });
  expect(await messages()).toEqual([]);
});

test("responds slowly", async () => {
  await setOutage({ mail: "slow" });
  const began = performance.now();
  await send({});
  expect(performance.now() - began).toBeGreaterThan(2_500);
  expect(await messages()).toHaveLength(1);
});

test("hangs after it has stored the mail", async () => {
  await setOutage({ mail: "hang" });
  await expect(send({}, { socketTimeout: 200 })).rejects.toMatchObject({ code: "ETIMEDOUT" });
  expect(await messages()).toHaveLength(1);
});

test("continues after a client disconnects in the middle of a mail", async () => {
  const socket = connect(sandbox.smtpPort, "127.0.0.1");
  await once(socket, "data");
  socket.write("EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nSubject: half");
  await once(socket, "data");
  socket.resetAndDestroy();
  await send({ subject: "Next" });
  expect((await messages()).map(({ subject }) => subject)).toEqual(["Next"]);
});

test("reports the modes of the providers, and refuses unknown ones", async () => {
  expect(await (await call("/api/outage")).json()).toEqual({
    mail: "off",
    transcription: "off",
    push: "off",
  });
  const changed = await setOutage({ mail: "refuse" });
  expect([changed.status, await changed.json()]).toEqual([
    200,
    { mail: "refuse", transcription: "off", push: "off" },
  ]);
  for (const wrong of [
    { mail: "broken" },
    { transcription: "no" },
    { mail: "limit" },
    {},
    [],
    { mail: "off", more: 1 },
  ])
    expect((await setOutage(wrong)).status).toBe(400);
  expect((await call("/api/outage", { method: "PUT", body: "{", headers: json })).status).toBe(400);
  expect((await call("/api/outage", { method: "PUT", body: "mail=off" })).status).toBe(400);
  expect(await (await call("/api/outage")).json()).toEqual({
    mail: "refuse",
    transcription: "off",
    push: "off",
  });
  expect(await (await setOutage({ transcription: "hang" })).json()).toEqual({
    mail: "refuse",
    transcription: "hang",
    push: "off",
  });
});

test("accepts Alertmanager's mails during an outage, and does not count them", async () => {
  await setOutage({ mail: "refuse" });
  await expect(send({})).rejects.toMatchObject({ responseCode: 451 });
  await send({ subject: "[FIRING:1]" }, { name: "alertmanager" });
  expect((await messages()).map(({ subject }) => subject)).toEqual(["[FIRING:1]"]);
  expect(await read("/api/messages/count")).toEqual({ received: 0, distinct: 0, repeated: 0 });
});

test("shows hostile HTML unchanged, without scripts, forms and requests", async () => {
  const html = `<html><head></head><body><script>alert(1)</script><a href="https://a.example">a</a></body></html>`;
  await send({ html });
  const [mail] = await messages();
  const page = await call(`/inbox/messages/${mail?.id}/html`);
  expect(await page.text()).toBe(html.replace("<head>", `<head><base target="_blank">`));
  const policy = page.headers.get("Content-Security-Policy");
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/^sandbox allow-popups allow-popups-to-escape-sandbox;/);
  expect(policy).not.toMatch(/script|https?:|\*/);
});

test("notifies the page of changes", async () => {
  const stop = new AbortController();
  const events = await call("/inbox/events", { signal: stop.signal });
  await send({});
  const chunk = await events.body?.getReader().read();
  expect(Buffer.from(chunk?.value ?? []).toString()).toBe("data: changed\n\n");
  stop.abort();
});

test("lists, searches and shows mails for the page", async () => {
  await send({ to: "ada@example.com", messageId: "<1@offstage.example>" });
  await send({ to: "ada@example.com", messageId: "<1@offstage.example>" });
  await send({ to: "bob@example.com" });
  const found = await read<{ total: number; messages: Message[] }>("/inbox/messages?search=ADA");
  expect(found.total).toBe(2);
  expect(await read(`/inbox/messages/${found.messages[0]?.id}`)).toMatchObject({
    to: "ada@example.com",
    copies: 2,
    headers: expect.stringContaining("Message-ID: <1@"),
  });
  expect((await call("/inbox/messages/unknown")).status).toBe(404);
});

test("serves its page without external resources", async () => {
  const page = await call("/");
  expect(page.headers.get("Content-Security-Policy")).toContain("default-src 'none'; script-src 'self'");
  expect(await page.text()).not.toMatch(/https?:\/\//);
});

test("returns the same transcript for every audio file of the same length", async () => {
  const transcript = await transcribe(wav(5));
  expect(transcript).toMatchObject({
    language: "english",
    duration: 5,
    segments: [
      { start: 0, end: 2, text: " This is what the sandbox hears from second 0 on." },
      { start: 2, end: 4 },
      { start: 4, end: 5 },
    ],
  });
  expect(await transcribe(wav(5))).toEqual(transcript);
});

test("refuses audio files that are not WAV", async () => {
  expect((await upload(Buffer.from("not audio"))).status).toBe(400);
  expect((await call("/v1/audio/transcriptions", { method: "POST", body: "x" })).status).toBe(400);
});

test.for([
  ["refuse", 503],
  ["reject", 400],
] as const)("%s: transcriptions get %d", async ([transcription, status]) => {
  await setOutage({ transcription });
  expect((await upload(wav(1))).status).toBe(status);
});

test("transcribes slowly, or never responds", async () => {
  await setOutage({ transcription: "slow" });
  const began = performance.now();
  await transcribe(wav(1));
  expect(performance.now() - began).toBeGreaterThan(2_500);
  await setOutage({ transcription: "hang" });
  await expect(upload(wav(1), AbortSignal.timeout(300))).rejects.toThrow("timeout");
});

test("each token is a phone with its pushes in order, and repetitions are marked", async () => {
  for (const [token, eventId] of [
    ["one", "e1"],
    ["two", "e1"],
    ["one", "e2"],
    ["one", "e1"],
  ])
    expect((await sendPush({ token, data: { eventId } })).status).toBe(200);
  const phones = await read<Phone[]>("/api/phones");
  expect(phones.map(({ token, total }) => [token, total])).toEqual([
    ["one", 3],
    ["two", 1],
  ]);
  expect(phones[0]?.pushes.map(({ eventId, repeated }) => [eventId, repeated])).toEqual([
    ["e1", false],
    ["e2", false],
    ["e1", true],
  ]);
  expect((await call("/api/phones", { method: "DELETE" })).status).toBe(204);
  expect(await read("/api/phones")).toEqual([]);
});

test.each([
  [{ push: "refuse" }, "a", 503, "UNAVAILABLE", "2"],
  [{ push: "limit" }, "a", 429, "QUOTA_EXCEEDED", "2"],
  [{ push: "reject" }, "a", 404, "UNREGISTERED", null],
  [{ push: "credentials" }, "a", 401, undefined, null],
  [{ push: "off" }, "gone-1", 404, "UNREGISTERED", null],
  [{ push: "off" }, "invalid-1", 400, "INVALID_ARGUMENT", null],
  [{ push: "off" }, "foreign-1", 403, "SENDER_ID_MISMATCH", null],
  [{ push: "off" }, "broken-1", 500, "INTERNAL", null],
  [{ push: "off" }, "", 400, "INVALID_ARGUMENT", null],
])("with %j, a push to %j is a %d", async (outage, token, status, errorCode, retryAfter) => {
  await setOutage(outage);
  const response = await sendPush({ token });
  expect([response.status, response.headers.get("Retry-After")]).toEqual([status, retryAfter]);
  const { error } = (await response.json()) as { error: { details: { errorCode?: string }[] } };
  expect(error.details[0]?.errorCode).toBe(errorCode);
  expect(await read("/api/phones")).toEqual([]);
  expect(await read("/api/push-calls")).toMatchObject([{ token, status, answeredAt: expect.any(Number) }]);
});

test("refuses a push that is too large", async () => {
  expect((await sendPush({ token: "a", notification: { body: "x".repeat(5_000) } })).status).toBe(400);
});

test("delivers slowly, or delivers and never responds", async () => {
  await setOutage({ push: "slow" });
  const began = performance.now();
  await sendPush({ token: "a" });
  expect(performance.now() - began).toBeGreaterThan(2_500);
  await setOutage({ push: "hang" });
  await expect(sendPush({ token: "a" }, AbortSignal.timeout(300))).rejects.toThrow("timeout");
  expect(await read("/api/phones")).toMatchObject([{ total: 2 }]);
});

test("drops the oldest phones, pushes and calls when there are too many", () => {
  const phones = new Phones({ phones: 2, pushes: 2, calls: 2 });
  const deliver = (token: string, eventId: string) => {
    phones.begin(token, eventId);
    phones.deliver(token, "WEB", { eventId, sequence: 1, kind: "", title: "", body: "", url: "" });
  };
  for (const eventId of ["1", "2", "3"]) deliver("a", eventId);
  expect(phones.all()).toMatchObject([{ total: 3, pushes: [{ eventId: "2" }, { eventId: "3" }] }]);
  deliver("b", "4");
  deliver("a", "5");
  deliver("c", "6");
  expect(phones.all().map(({ token }) => token)).toEqual(["c", "a"]);
  expect(phones.calls().map(({ eventId }) => eventId)).toEqual(["5", "6"]);
});

test("notifies the page of the phones", async () => {
  const stop = new AbortController();
  const events = await call("/phones/events", { signal: stop.signal });
  await sendPush({ token: "a" });
  const chunk = await events.body?.getReader().read();
  expect(Buffer.from(chunk?.value ?? []).toString()).toBe("data: changed\n\n");
  stop.abort();
  const page = await call("/phones.html");
  expect(page.headers.get("Content-Security-Policy")).toContain("default-src 'none'; script-src 'self'");
  expect(await page.text()).not.toMatch(/https?:\/\//);
});

const sendPush = (message: object, signal?: AbortSignal) =>
  call("/v1/projects/test/messages:send", {
    method: "POST",
    headers: json,
    body: JSON.stringify({ message }),
    ...(signal && { signal }),
  });

/** Silence at 16 kHz, as the worker sends it. */
const wav = (seconds: number) => {
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt32LE(32_000, 28);
  header.write("data", 36);
  header.writeUInt32LE(seconds * 32_000, 40);
  return Buffer.concat([header, Buffer.alloc(seconds * 32_000)]);
};

const upload = (sound: Buffer, signal?: AbortSignal) => {
  const form = new FormData();
  form.set("file", new Blob([new Uint8Array(sound)]), "sound.wav");
  form.set("model", "whisper-1");
  form.set("response_format", "verbose_json");
  return call("/v1/audio/transcriptions", { method: "POST", body: form, ...(signal && { signal }) });
};

const transcribe = async (sound: Buffer) => (await upload(sound)).json();

const json = { "Content-Type": "application/json" };

const call = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${sandbox.httpPort}${path}`, init);

const setOutage = (state: unknown) =>
  call("/api/outage", { method: "PUT", headers: json, body: JSON.stringify(state) });

const read = async <Body>(path: string) => (await (await call(path)).json()) as Body;

const messages = (query = "") => read<Message[]>(`/api/messages${query}`);

const send = async (mail: object, options: object = {}) => {
  const transport = createTransport({ host: "127.0.0.1", port: sandbox.smtpPort, ...options });
  await transport.sendMail({
    from: "Offstage <hello@offstage.example>",
    to: "ada@example.com",
    subject: "Hi",
    text: "Hi\n",
    ...mail,
  });
};
