import { beforeEach, expect, test } from "vitest";
import { createConnections } from "./mail-connections.ts";

/** Errors in nodemailer's form. */
const reply = (responseCode: number, command: string, code: string) =>
  Object.assign(new Error(), { responseCode, command, code });
const tooMany = reply(421, "CONN", "EPROTOCOL");
const closedBefore = Object.assign(new Error(), { code: "ECONNECTION" });
const reset = Object.assign(new Error(), { code: "ESOCKET", originalCode: "ECONNRESET", command: "CONN" });

interface Send {
  accept(): void;
  fail(error: unknown): void;
}

let now: number;
let connections: ReturnType<typeof createConnections<{ close(): void }>>;
/** The sends that use a connection. */
let sending: Send[];
let closed: number;
beforeEach(() => {
  now = 0;
  sending = [];
  closed = 0;
  connections = createConnections(
    () => ({ close: () => void closed++ }),
    4,
    () => now,
  );
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Starts this many sends. A result is "sent" or the error. */
const start = async (count: number, signal?: AbortSignal) => {
  const results = Array.from({ length: count }, () =>
    connections
      .use(
        () =>
          new Promise<void>((resolve, reject) => {
            const end = () => void sending.splice(sending.indexOf(send), 1);
            const send = { accept: () => (end(), resolve()), fail: (e: unknown) => (end(), reject(e)) };
            sending.push(send);
          }),
        signal,
      )
      .then(
        () => "sent",
        (error: unknown) => error,
      ),
  );
  await settled();
  return { first: results[0], all: Promise.all(results) };
};

const end = async (act: (send: Send) => void, count = 1) => {
  for (const send of sending.slice(0, count)) act(send);
  await settled();
};
/** Accepts mails one after the other. */
const accept = async (count = 1) => {
  for (let n = 0; n < count; n++) await end((send) => send.accept());
};
const fail = (error: unknown, count?: number) => end((send) => send.fail(error), count);

test("uses at most as many connections as allowed", async () => {
  await start(6);
  expect(sending).toHaveLength(4);
});

test("after a refusal, as many as work are used, and the mail waits for one of them", async () => {
  const { all } = await start(4);
  await fail(tooMany, 2);
  await start(2);
  expect(sending).toHaveLength(2);
  await accept();
  expect(sending).toHaveLength(2);
  await accept(5);
  expect(await all).toEqual(Array(4).fill("sent"));
});

test("a refusal of the only connection fails the mails that wait", async () => {
  const { all } = await start(4);
  await fail(tooMany, 4);
  expect(await all).toEqual(Array(4).fill(tooMany));
  await start(4);
  expect(sending).toHaveLength(1);
});

test("tries one more connection after 5 s, and later each time it is refused", async () => {
  await start(4);
  await fail(tooMany, 3);
  const limits: number[] = [];
  const tryAgain = async (after: number) => {
    now += after;
    await start(2);
    await accept();
    limits.push(sending.length);
  };
  await tryAgain(4_999);
  await tryAgain(1);
  await fail(tooMany);
  await tryAgain(9_999);
  await tryAgain(1);
  await tryAgain(10_000);
  await tryAgain(5_000);
  expect(limits).toEqual([1, 2, 1, 2, 3, 4]);
});

test("without mails that wait, tries no further connection", async () => {
  await start(2);
  await fail(tooMany);
  await accept(2);
  now = 60_000;
  await start(1);
  await accept();
  await start(4);
  expect(sending).toHaveLength(1);
});

test("a connection that the server closed between two mails is opened again", async () => {
  await start(1);
  await accept();
  const { first: result } = await start(1);
  await fail(closedBefore);
  expect(sending).toHaveLength(1);
  await accept();
  expect(await result).toBe("sent");
  await start(4);
  expect(sending).toHaveLength(4);
});

test.for([closedBefore, reset])("a new connection is refused by %o, one in use is not", async (error) => {
  const { first } = await start(2);
  await fail(error);
  await accept(2);
  expect(await first).toBe("sent");
  const { first: next } = await start(1);
  await fail(reset);
  expect(await next).toBe(reset); // the mail may have been sent
});

test.for([
  [true, reply(554, "CONN", "EPROTOCOL")],
  [true, reply(454, "AUTH PLAIN", "EAUTH")],
  [true, reply(432, "DATA", "EMESSAGE")],
  [true, Object.assign(new Error(), { code: "ESOCKET", originalCode: "ECONNREFUSED" })],
  [false, reply(535, "AUTH PLAIN", "EAUTH")],
  [false, reply(450, "RCPT TO", "EENVELOPE")],
  [false, reply(421, "CONN", "ECONNECTION")],
  [false, Object.assign(new Error(), { code: "ETIMEDOUT" })],
])("a limit of connections: %j %o", async ([isLimit, error]) => {
  const { first } = await start(2);
  await fail(error);
  await accept(2);
  expect(await first).toBe(isLimit ? "sent" : error);
  expect(closed).toBe(isLimit ? 1 : 0);
});

test("an aborted mail does not wait longer", async () => {
  await start(4);
  const stop = new AbortController();
  const { first: result } = await start(1, stop.signal);
  stop.abort("stopped");
  expect(await result).toBe("stopped");
  await accept(4);
  expect(sending).toEqual([]);
});
