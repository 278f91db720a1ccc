import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { notify, type Happening } from "../../infra/notifications/notify.ts";
import { freePort } from "../../scripts/processes/ports.ts";
import { type ProjectProcess, startProcess } from "../../scripts/processes/project-process.ts";
import { until } from "../../scripts/processes/until.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createSession, createViewer, followEvents } from "../support/api/events.ts";
import { createProxy } from "../support/servers/proxy.ts";

// Notifications are listed and marked over HTTP, and followed as events, here and in a second process of the API.

type Viewer = Awaited<ReturnType<typeof createViewer>>;

let app: TestApp;
let other: { url: string; process: ProjectProcess };
beforeAll(async () => {
  app = await createTestApp();
  other = await startOther();
});
afterAll(async () => {
  await other.process[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

const prisma = () => app.core.database.prisma;
const viewer = (name: string) => createViewer(prisma(), name);

const startOther = async () => {
  const port = await freePort();
  const process = startProcess("api/main.ts", {
    DATABASE_URL: app.core.url,
    QUEUE_URL: app.core.queueUrl,
    QUEUE_PREFIX: app.core.queuePrefix,
    PORT: `${port}`,
    DRAIN_DELAY_MS: "0",
  });
  await process.wrote("listening");
  return { url: `http://127.0.0.1:${port}`, process };
};

const notifyOf = (happening: Happening) => prisma().$transaction((tx) => notify(tx, happening));

const notifyTimes = async (userId: string, times: number) => {
  for (let time = 0; time < times; time++) await notifyOf({ userId, kind: "report-ready" });
};

const list = async ({ cookie }: Viewer, query = "") =>
  (await app.request.get(`/v1/notifications${query}`).set("Cookie", cookie)).body as {
    items: { id: string; sequence: number; kind: string; readAt: string | null; actorName: string | null }[];
    next: string | null;
    unread: number;
  };

const post = ({ cookie }: Viewer, path: string, body: object = {}) =>
  app.request.post(path).set("Cookie", cookie).send(body);

/** Opens a stream without reconnecting. */
const open = (cookie: string, { url = app.url, ...headers }: Record<string, string> = {}) =>
  fetch(`${url}/v1/events`, { headers: { ...headers, cookie } });

/** Reads a stream up to a text, and closes it. */
const readUntil = async (response: Response, text: string) => {
  let read = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    read += chunk;
    if (read.includes(text)) return read;
  }
  throw new Error(`ended before ${text}: ${read}`);
};

describe("the list", () => {
  test("has what is shown in the app, newest first, in pages with the unread count", async () => {
    const [ada, grace] = [await viewer("ada"), await viewer("grace")];
    await notifyTimes(ada.id, 3);
    await notifyOf({ userId: ada.id, kind: "mention", actorId: grace.id });
    const choice = { userId: ada.id, kind: "upload-ready", inApp: false, push: true, mail: false };
    await prisma().notificationChoice.create({ data: choice });
    await notifyOf({ userId: ada.id, kind: "upload-ready" });
    await notifyOf({ userId: grace.id, kind: "report-ready" });

    const first = await list(ada, "?limit=3");
    expect(first.items.map(({ sequence }) => sequence)).toEqual([4, 3, 2]);
    // The comment does not exist, so its author is not named.
    expect(first.items[0]).toMatchObject({ kind: "mention", actorName: null, readAt: null });
    expect(first.items[0]).not.toHaveProperty("userId");
    expect(first.unread).toBe(4);
    const second = await list(ada, `?limit=3&cursor=${first.next}`);
    expect(second).toMatchObject({ items: [{ sequence: 1 }], next: null, unread: 4 });
  });

  test("is marked as read, one by one and all up to a number", async () => {
    const [ada, grace] = [await viewer("ada-reads"), await viewer("grace-reads")];
    await notifyTimes(ada.id, 5);
    await notifyTimes(grace.id, 1);
    const { items } = await list(ada);
    const one = `/v1/notifications/${items[2]!.id}/read`;
    expect((await post(ada, one)).body).toEqual({ unread: 4 });
    expect((await post(ada, one)).body).toEqual({ unread: 4 });
    expect((await post(grace, one)).status).toBe(404);
    expect((await post(ada, "/v1/notifications/read", { upTo: 4 })).body).toEqual({ unread: 1 });
    expect((await list(ada)).items.map(({ readAt }) => readAt !== null)).toEqual([
      false,
      true,
      true,
      true,
      true,
    ]);
    expect((await list(grace)).unread).toBe(1);
  });

  test("is marked in batches, and counted up to a thousand, however long it is", async () => {
    const ada = await viewer("ada-popular");
    await insertMany(ada.id, 4_500);
    expect((await list(ada)).unread).toBe(1_000);
    const responses = await Promise.all(
      [4_400, 4_500].map((upTo) => post(ada, "/v1/notifications/read", { upTo })),
    );
    expect(responses.map(({ status }) => status)).toEqual([200, 200]);
    expect((await list(ada)).unread).toBe(0);
  });

  test("has notifications whose kind only a newer process knows", async () => {
    const ada = await viewer("ada-newer");
    await insertMany(ada.id, 1, "of-the-future");
    expect((await list(ada)).items).toMatchObject([{ kind: "of-the-future", sequence: 1 }]);
    using stream = followEvents(app.url, ada.cookie);
    await until("the count", () => stream.received.length > 0);
    await notifyTimes(ada.id, 1);
    await until("the next one", () => stream.sequences().includes(2));
  });
});

/** Writes notifications as one statement, as many transactions would have. */
const insertMany = async (userId: string, count: number, kind = "report-ready") => {
  await prisma().$executeRaw`
    WITH feed AS (INSERT INTO "NotificationFeed" ("userId", last, version) VALUES (${userId}::uuid, ${count}, ${count}))
    INSERT INTO "Notification" (id, "userId", sequence, kind)
    SELECT gen_random_uuid(), ${userId}::uuid, n, ${kind} FROM generate_series(1, ${count}) n`;
};

describe("the events", () => {
  test("begin with the unread count, and go to the user's own streams only, in every process", async () => {
    const [ada, grace] = [await viewer("ada-follows"), await viewer("grace-follows")];
    await notifyTimes(ada.id, 2);
    using here = followEvents(app.url, ada.cookie);
    using there = followEvents(other.url, ada.cookie);
    using hers = followEvents(app.url, grace.cookie);
    for (const { received } of [here, there, hers]) await until("the first event", () => received.length > 0);
    await notifyOf({ userId: ada.id, kind: "task-assigned", actorId: grace.id });
    await post(ada, `/v1/notifications/${(await list(ada)).items[0]!.id}/read`);

    for (const { received } of [here, there]) {
      await until("the notification", () => received.some(({ name }) => name === "notification"));
      await until("the count after reading", () => received.at(-1)?.data.unread === 2);
      expect(received[0]).toEqual({ name: "unread", id: "2", data: { unread: 2 } });
      expect(received[1]).toMatchObject({ name: "notification", id: "3" });
      expect(received[1]?.data).toMatchObject({
        sequence: 3,
        kind: "task-assigned",
        actorName: null,
      });
      expect(received[1]?.data).not.toHaveProperty("userId");
    }
    expect(hers.received).toEqual([{ name: "unread", id: "0", data: { unread: 0 } }]);
  });

  test("arrive once and in order while ten writers commit late and the connection is cut ten times", async () => {
    const ada = await viewer("ada-cut");
    let connections = 0;
    let cuts = 0;
    const ports = [app.url, other.url].map((url) => Number(new URL(url).port));
    // Each connection leads to the other process. A cut is in the middle of what a process has written.
    await using proxy = await createProxy(
      () => ports[connections++ % ports.length]!,
      (chunk, client) => {
        const text = chunk.toString("latin1").replace("retry: 2000", "retry: 0010");
        const isCut = cuts < 10 && text.includes("event: notification");
        if (isCut) cuts += 1;
        if (isCut) client.write(text.slice(0, text.length / 2), "latin1", () => client.destroy());
        else client.write(text, "latin1");
      },
    );
    using stream = followEvents(`http://127.0.0.1:${proxy.port}`, ada.cookie);
    await until("the first event", () => stream.received.length > 0);

    const write = async (writer: number) => {
      for (let time = 0; time < 20; time++)
        await prisma()
          .$transaction(async (tx) => {
            await notify(tx, { userId: ada.id, kind: "report-ready" });
            await sleep((writer * time) % 30);
            if (time === 10) throw new RolledBackError();
          })
          .catch(ignoreRolledBack);
    };
    await Promise.all(Array.from({ length: 10 }, (_, writer) => write(writer)));
    const all = Array.from({ length: 190 }, (_, index) => index + 1);
    await until("all of them", () => stream.sequences().length >= all.length);
    await notifyTimes(ada.id, 1);
    await until("the last one", () => stream.sequences().includes(191));
    expect(stream.sequences()).toEqual([...all, 191]);
    expect(cuts).toBe(10);
    expect(connections).toBeGreaterThanOrEqual(11);
  });

  test("resume without a gap for a client that has received no notification yet", async () => {
    const ada = await viewer("ada-early");
    const opened = await readUntil(await open(ada.cookie), "event: unread");
    await notifyTimes(ada.id, 2);
    const id = /^id: (\d+)$/m.exec(opened)![1]!;
    const resumed = await readUntil(await open(ada.cookie, { "Last-Event-ID": id }), "event: unread");
    expect(resumed.match(/"sequence":\d+/g)).toEqual([`"sequence":1`, `"sequence":2`]);
  });

  test.each(["999999999", "-1", "1; DROP TABLE", "1e3"])("begin now after the invented id %s", async (id) => {
    const ada = await viewer(`ada-invents-${Buffer.from(id).toString("hex")}`);
    await notifyTimes(ada.id, 2);
    const first = await readUntil(await open(ada.cookie, { "Last-Event-ID": id }), "event: unread");
    expect(first).toMatch(/^retry: 2000\n\nevent: unread\nid: 2\ndata: \{"unread":2\}\n\n$/);
    const next = open(ada.cookie, { "Last-Event-ID": "2" });
    await notifyTimes(ada.id, 1);
    expect(await readUntil(await next, "event: notification")).toContain(`"sequence":3`);
  });

  test("catch up with a thousand in pages, while others get theirs", async () => {
    const [ada, grace] = [await viewer("ada-behind"), await viewer("grace-behind")];
    await insertMany(ada.id, 1_000);
    using hers = followEvents(app.url, grace.cookie);
    await until("the first event", () => hers.received.length > 0);
    const caughtUp = readUntil(await open(ada.cookie, { "Last-Event-ID": "0" }), "event: unread");
    await notifyTimes(grace.id, 1);
    await until("her own", () => hers.sequences().includes(1));
    const sequences = [...(await caughtUp).matchAll(/"sequence":(\d+)/g)].map(([, text]) => Number(text));
    expect(sequences).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
  });

  test("continue when the database is back", async () => {
    const ada = await viewer("ada-outage");
    using stream = followEvents(app.url, ada.cookie);
    await until("the first event", () => stream.received.length > 0);
    const name = new URL(app.core.url).pathname.slice(1);
    await using server = await connectTo(
      Object.assign(new URL(app.core.url), { pathname: "/postgres" }).href,
    );
    await server.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await server.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, [name]);
    await until("a poll fails", () => app.logged.some((line) => line.includes(`"msg":"events"`)));
    await server.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await until("a notification is written", () => notifyTimes(ada.id, 1).then(() => true));
    await until("it arrives", () => stream.sequences().includes(1));
    expect(stream.problems).toEqual([]);
  });
});

class RolledBackError extends Error {}
const ignoreRolledBack = (error: unknown) => {
  if (!(error instanceof RolledBackError)) throw error;
};

const connectTo = async (url: string) => {
  const client = new pg.Client(url);
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
};

describe("a stream", () => {
  test.each<[string, (ada: Viewer) => Promise<unknown>]>([
    ["a logout", ({ cookie }) => app.request.post("/v1/logout").set("Cookie", cookie)],
    [
      "the end of its session",
      async ({ id, sessionId }) => {
        const { cookie } = await createSession(prisma(), id);
        return app.request.delete(`/v1/sessions/${sessionId}`).set("Cookie", cookie);
      },
    ],
    [
      "the expiry of its session",
      ({ sessionId: id }) => prisma().session.update({ where: { id }, data: { expiresAt: new Date() } }),
    ],
    ["the end of all sessions", ({ id: userId }) => prisma().session.deleteMany({ where: { userId } })],
    ["the deletion of its user", ({ id }) => prisma().user.delete({ where: { id } })],
  ])("ends with %s, in every process, and is not opened again", async (what, end) => {
    const ada = await viewer(`ada-ends-${what.replaceAll(" ", "-")}`);
    using here = followEvents(app.url, ada.cookie);
    using there = followEvents(other.url, ada.cookie);
    const elsewhere = await viewer(`grace-${what.replaceAll(" ", "-")}`);
    using hers = followEvents(app.url, elsewhere.cookie);
    for (const { received } of [here, there, hers]) await until("the first event", () => received.length > 0);
    await end(ada);
    for (const stream of [here, there]) {
      await until("the client has given up", () => stream.isClosed);
      expect(stream.problems.at(-1)).toBe(401);
    }
    await notifyTimes(elsewhere.id, 1);
    await until("hers is open", () => hers.sequences().includes(1));
    expect(hers.problems).toEqual([]);
  });

  test("has the headers that keep proxies from holding it back, and HEAD gets only these", async () => {
    const ada = await viewer("ada-headers");
    const response = await open(ada.cookie);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
    });
    await response.body!.cancel();
    await until("no stream is open", () => app.streams.size === 0);
    const head = await app.request.head("/v1/events").set("Cookie", ada.cookie);
    expect([head.status, head.type]).toEqual([200, "text/event-stream"]);
    expect(app.streams.size).toBe(0);
  });

  test("replaces the oldest one of a user who has eight, whose client waits before it returns", async () => {
    await until("no stream is open", () => app.streams.size === 0);
    const ada = await viewer("ada-tabs");
    const first = await open(ada.cookie);
    const others = await Promise.all(Array.from({ length: 7 }, () => open(ada.cookie)));
    expect(app.streams.size).toBe(8);
    const ninth = await open(ada.cookie);
    expect(await first.text()).toMatch(/retry: 60000\n\n$/);
    await until("eight are open", () => app.streams.size === 8);
    await Promise.all([...others, ninth].map((each) => readUntil(each, "event: unread")));
  });

  test("leaves no token in the log", async () => {
    const ada = await viewer("ada-logged");
    await readUntil(await open(ada.cookie), "event: unread");
    await until("the request is logged", () => app.logged.some((line) => line.includes("/v1/events")));
    expect(app.logged.join()).not.toContain(ada.cookie.split("=")[1]);
  });

  test("ends when its process closes, which then exits", async () => {
    const ada = await viewer("ada-closing");
    const streams = await Promise.all([1, 2, 3].map(() => open(ada.cookie, { url: other.url })));
    const texts = streams.map((each) => each.text());
    expect(await other.process.kill("SIGTERM")).toEqual({ code: 0, signal: null });
    // A connection that is cut after the grace period would be an error here.
    for (const text of await Promise.all(texts)) expect(text).toMatch(/retry: \d+\n\n$/);
  });

  test("is refused with Retry-After once the process closes", async () => {
    const ada = await viewer("ada-late");
    const stream = await open(ada.cookie);
    await app.streams.close();
    await stream.text();
    const response = await app.request.get("/v1/events").set("Cookie", ada.cookie);
    expect([response.status, response.body.type]).toEqual([503, "/problems/unavailable"]);
    expect(response.headers["retry-after"]).toBe("10");
  });
});
