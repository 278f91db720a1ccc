import { expect, test } from "vitest";
import { PermanentError, ProviderError, RateLimitedError } from "../core/index.ts";
import { pushNotifications, type Deps } from "./handler.ts";
import { pushNotify } from "./job.ts";
import { createProviderState } from "./provider-state.ts";

const userId = "0190c9a0-0000-7000-8000-000000000001";
const HOUR = 3_600_000;

interface Change {
  user?: Awaited<ReturnType<Deps["findUser"]>>;
  /** The devices by token, with what they were sent. */
  devices?: Record<string, number>;
  /** Those of the notifications 1, 2, 3 that differ. */
  notifications?: Record<number, { readAt?: Date; createdAt?: Date }>;
  count?: number;
  isOff?: boolean;
  /** Called before each push. */
  respond?: (token: string, sequence: number) => void;
  provider?: Deps["provider"];
  /** The device that another user registers meanwhile. */
  leaves?: string;
  signal?: AbortSignal;
}

const failed = (code: string, facts: object = {}) =>
  Object.assign(new Error(`FCM: ${code}`), {
    name: "PushError",
    ...{ code, reason: undefined, status: undefined, retryAfter: undefined, namesToken: false },
    ...facts,
  });

const perform = async (change: Change = {}) => {
  const sent: string[] = [];
  const enqueued: unknown[] = [];
  const devices = new Map(Object.entries(change.devices ?? { phone: 0 }));
  const all = Array.from({ length: change.count ?? 3 }, (_, index) => ({
    ...{
      id: `event-${index + 1}`,
      ...{ userId: "ada", recordId: "comment", actorId: null },
      sequence: index + 1,
      kind: "mention",
      readAt: null,
      createdAt: new Date(),
    },
    ...change.notifications?.[index + 1],
  }));
  const deps: Deps = {
    send: change.isOff
      ? undefined
      : async ({ token, sequence, eventId, url, title, ttl }) => {
          expect([eventId, url, title]).toEqual([
            `event-${sequence}`,
            `https://app.test/${sequence}`,
            `${sequence}`,
          ]);
          expect(ttl).toBe(24 * HOUR);
          change.respond?.(token, sequence);
          sent.push(`${token} ${sequence}`);
        },
    findUser: async () => (change.user === undefined ? { closedAt: null, notifyByPush: true } : change.user),
    findDevices: async () =>
      [...devices].map(([token, sentUpTo]) => ({
        ...{ id: token, userId, token, sentUpTo },
        platform: "WEB" as const,
      })),
    findNotifications: async (_device, after, limit) =>
      all.filter(({ sequence }) => sequence > after).slice(0, limit),
    textsOf: async (wanted) =>
      new Map(
        wanted.map(({ id, sequence }) => [id, { title: `${sequence}`, text: "", path: `/${sequence}` }]),
      ),
    markSent: async ({ id }, sequence) => {
      if (!devices.has(id) || id === change.leaves) return false;
      devices.set(id, sequence);
      return true;
    },
    removeDevice: async ({ id }) => void devices.delete(id),
    provider: change.provider ?? createProviderState(() => {}),
    publicUrl: "https://app.test",
  };
  const run = {
    signal: change.signal ?? new AbortController().signal,
    enqueue: (_job: unknown, payload: unknown) => void enqueued.push(payload),
  };
  const result = await pushNotifications(deps)(pushNotify.payload.parse({ userId }), run).catch(
    (error: unknown) => error,
  );
  return { result, sent, devices: Object.fromEntries(devices), enqueued };
};

test("sends what each device lacks, in order", async () => {
  const { result, sent, devices } = await perform({ devices: { phone: 0, tablet: 2, laptop: 3 } });
  expect(sent).toEqual(["phone 1", "phone 2", "phone 3", "tablet 3"]);
  expect(devices).toEqual({ phone: 3, tablet: 3, laptop: 3 });
  expect(result).toBe("sent 4, skipped 0, removed 0 devices");
});

test("a second run sends nothing", async () => {
  expect((await perform({ devices: { phone: 3 } })).sent).toEqual([]);
});

test("sends more than it reads at a time", async () => {
  const { sent } = await perform({ count: 120 });
  expect(sent).toEqual(Array.from({ length: 120 }, (_, index) => `phone ${index + 1}`));
});

test("skips what is read, or older than a day", async () => {
  const notifications = { 1: { readAt: new Date() }, 3: { createdAt: new Date(Date.now() - 25 * HOUR) } };
  const { result, sent, devices } = await perform({ notifications });
  expect(sent).toEqual(["phone 2"]);
  expect(devices).toEqual({ phone: 3 });
  expect(result).toBe("sent 1, skipped 2, removed 0 devices");
});

test.each([
  ["the user no longer exists", { user: null }],
  ["the account is closed", { user: { closedAt: new Date(), notifyByPush: true } }],
  ["the user wants no pushes", { user: { closedAt: null, notifyByPush: false } }],
  ["pushes are off", { isOff: true }],
])("skipped: %s", async (reason, change) => {
  expect(await perform(change)).toMatchObject({
    result: `skipped: ${reason}`,
    sent: [],
    devices: { phone: 0 },
  });
});

test("a device that fails keeps its place, the others get theirs, and the job is retried", async () => {
  const respond = (token: string, sequence: number) => {
    if (token === "phone" && sequence === 2) throw failed("messaging/internal-error", { status: 500 });
  };
  const { result, sent, devices } = await perform({ devices: { phone: 0, tablet: 0 }, respond });
  expect(sent).toEqual(["phone 1", "tablet 1", "tablet 2", "tablet 3"]);
  expect(devices).toEqual({ phone: 1, tablet: 3 });
  expect(result).toBeInstanceOf(ProviderError);
  expect(String(result)).toBe("ProviderError: FCM: messaging/internal-error (the user has 2 devices)");
});

test("a push that the provider never accepts is left out, and the dead letter shows it", async () => {
  const respond = (_token: string, sequence: number) => {
    if (sequence === 2) throw failed("messaging/payload-size-limit-exceeded", { status: 400 });
  };
  const { result, sent, devices } = await perform({ respond });
  expect(sent).toEqual(["phone 1", "phone 3"]);
  expect(devices).toEqual({ phone: 3 });
  expect(result).toBeInstanceOf(PermanentError);
});

test("a device whose token is gone is removed", async () => {
  const respond = (token: string) => {
    if (token === "phone") throw failed("messaging/registration-token-not-registered", { status: 404 });
  };
  const { result, devices } = await perform({ devices: { phone: 0, tablet: 2 }, respond });
  expect(devices).toEqual({ tablet: 3 });
  expect(result).toBe("sent 1, skipped 0, removed 1 devices");
});

test("a device is kept while too many tokens are gone", async () => {
  const alerts: string[] = [];
  const provider = createProviderState((problem) => alerts.push(problem));
  for (let n = 0; n < 10; n++) provider.mayRemove(`${n}`);
  const respond = () => {
    throw failed("messaging/registration-token-not-registered", { status: 404 });
  };
  const { result, devices } = await perform({ provider, respond });
  expect(devices).toEqual({ phone: 0 });
  expect(result).toBeInstanceOf(ProviderError);
  expect(alerts).toHaveLength(1);
});

test("when the provider asks for a pause, no other device is sent to, in this run and in others", async () => {
  const provider = createProviderState(() => {});
  const respond = () => {
    throw failed("messaging/server-unavailable", { status: 503, retryAfter: 5_000 });
  };
  const first = await perform({ devices: { phone: 0, tablet: 0 }, provider, respond });
  expect(first).toMatchObject({
    result: { name: "RateLimitedError", ms: 5_000 },
    devices: { phone: 0, tablet: 0 },
  });
  const second = await perform({ provider });
  expect(second.result).toBeInstanceOf(RateLimitedError);
  expect(second.sent).toEqual([]);
});

test("stops at a device that left the user during the run", async () => {
  const { sent } = await perform({ devices: { phone: 0, tablet: 0 }, leaves: "phone" });
  expect(sent).toEqual(["phone 1", "tablet 1", "tablet 2", "tablet 3"]);
});

test("sends nothing more when its signal aborts", async () => {
  const stop = new AbortController();
  const { result, sent, devices } = await perform({
    signal: stop.signal,
    respond: (_token, sequence) => {
      if (sequence === 2) stop.abort(new Error("stopped"));
    },
  });
  expect(sent).toEqual(["phone 1", "phone 2"]);
  expect(devices).toEqual({ phone: 2 });
  expect(String(result)).toBe("Error: stopped");
});
