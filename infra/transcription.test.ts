import { afterAll, beforeAll, expect, test } from "vitest";
import { createSandbox } from "../sandbox/sandbox.ts";
import { createTranscriber } from "./transcription.ts";
import { createServer, type RequestListener } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

const never = new AbortController().signal;
/** Four seconds of silence: 16 kHz, 16 bits, one channel. */
const wav = Buffer.alloc(44 + 128_000);
wav.write(
  "RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\x00\x7d\0\0\x02\0\x10\0data",
  "latin1",
);
wav.writeUInt32LE(128_000, 40);

let sandbox: Awaited<ReturnType<typeof createSandbox>>;
beforeAll(async () => void (sandbox = await createSandbox({ host: "127.0.0.1", smtpPort: 0, httpPort: 0 })));
afterAll(() => sandbox.close());

test("understands a provider", async () => {
  const transcribe = createTranscriber({
    url: `http://127.0.0.1:${sandbox.httpPort}/v1/`,
    model: "whisper-1",
  });
  expect(await transcribe(wav, never)).toEqual({
    language: "english",
    segments: [
      { start: 0, end: 2, text: " This is what the sandbox hears from second 0 on." },
      { start: 2, end: 4, text: " This is what the sandbox hears from second 2 on." },
    ],
  });
});

/** Sends one request to a provider that answers as told. */
const ask = async (answer: RequestListener, signal = never) => {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const transcribe = createTranscriber({ url: `http://127.0.0.1:${port}`, key: "sesame", model: "large" });
  try {
    return await transcribe(wav, signal);
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

test("sends the sound, the model and the key", async () => {
  let sent = "";
  let headers: unknown;
  await ask(async (request, response) => {
    headers = [request.url, request.headers.authorization];
    for await (const part of request) sent += (part as Buffer).toString("latin1");
    response.end(`{"text":""}`);
  });
  expect(headers).toEqual(["/audio/transcriptions", "Bearer sesame"]);
  expect(sent).toMatch(/name="model"\r\n\r\nlarge/);
  expect(sent).toMatch(/name="response_format"\r\n\r\nverbose_json/);
  expect(sent).toMatch(/filename="sound.wav"\r\nContent-Type: audio\/wav/);
});

test("reports the status of a refusal, and how long to wait", async () => {
  const refusing = (status: number, headers = {}) =>
    ask((request, response) => {
      request.resume();
      response.writeHead(status, headers).end("no");
    });
  await expect(refusing(503)).rejects.toMatchObject({ status: 503, retryAfter: undefined });
  await expect(refusing(429, { "Retry-After": "7" })).rejects.toMatchObject({
    status: 429,
    retryAfter: 7_000,
  });
  const soon = new Date(Date.now() + 10_000).toUTCString();
  const dated = await refusing(429, { "Retry-After": soon }).catch((error: { retryAfter: number }) => error);
  expect((dated as { retryAfter: number }).retryAfter).toBeGreaterThan(5_000);
});

test.each(["no json", "[]", `{"segments":[{"start":"0"}]}`])("refuses an answer like %j", async (body) => {
  await expect(
    ask((request, response) => {
      request.resume();
      response.end(body);
    }),
  ).rejects.toThrow("no transcript");
});

test("ends with its signal", async () => {
  await expect(ask(() => {}, AbortSignal.timeout(100))).rejects.toThrow("timeout");
});
