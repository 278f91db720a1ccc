import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type SignedIn } from "../support/api/people.ts";

let app: TestApp;
let ada: SignedIn;
let bob: SignedIn;
beforeAll(async () => {
  app = await createTestApp();
  const people = createPeople(app);
  ada = await people.session("ada@devices.example");
  bob = await people.session("bob@devices.example");
});
afterAll(() => app[Symbol.asyncDispose]());

const register = (person: SignedIn, token: string, platform = "ANDROID") =>
  person.post("/v1/devices").send({ token, platform });
const idsOf = async (person: SignedIn): Promise<string[]> => {
  const { body } = await person.get("/v1/devices?limit=100");
  return body.items.map(({ id }: { id: string }) => id);
};
const rowOf = (token: string) => app.core.database.prisma.pushDevice.findUnique({ where: { token } });
const userIdOf = async (person: SignedIn): Promise<string> => (await person.get("/v1/me")).body.id;

test("a device is registered, listed without its token, and removed", async () => {
  const { status, body } = await register(ada, "a-token");
  expect(status).toBe(201);
  expect(body).toEqual({ id: expect.any(String), platform: "ANDROID", createdAt: expect.any(String) });
  const listed = await ada.get("/v1/devices");
  expect(listed.body).toEqual({ items: [body], next: null });
  expect(await idsOf(bob)).toEqual([]);

  expect((await bob.delete(`/v1/devices/${body.id}`)).status).toBe(404);
  expect((await ada.delete(`/v1/devices/${body.id}`)).status).toBe(204);
  expect((await ada.delete(`/v1/devices/${body.id}`)).status).toBe(404);
  expect(await idsOf(ada)).toEqual([]);
});

test("the same token again is the same device, with the platform of the last request", async () => {
  const first = await register(ada, "b-token");
  const again = await register(ada, "b-token", "web");
  expect(again.status).toBe(201);
  expect(again.body).toEqual({ ...first.body, platform: "WEB" });
  await ada.delete(`/v1/devices/${first.body.id}`);
});

test("a token that another account registers leaves the first, under another id", async () => {
  const first = await register(ada, "c-token");
  const second = await register(bob, "c-token");
  expect(second.body.id).not.toBe(first.body.id);
  expect(await idsOf(ada)).toEqual([]);
  expect(await idsOf(bob)).toEqual([second.body.id]);
  await bob.delete(`/v1/devices/${second.body.id}`);
});

test("twenty requests of two accounts at once leave one device", async () => {
  const responses = await Promise.all(
    Array.from({ length: 20 }, (_, index) => register(index % 2 ? ada : bob, "d-token")),
  );
  expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([201]));
  const { id } = (await rowOf("d-token"))!;
  expect([...(await idsOf(ada)), ...(await idsOf(bob))]).toEqual([id]);
  for (const person of [ada, bob]) await person.delete(`/v1/devices/${id}`);
});

test("a new device starts after the notifications that its user has", async () => {
  const userId = await userIdOf(ada);
  await app.core.database.prisma.notificationFeed.upsert({
    where: { userId },
    create: { userId, last: 7 },
    update: { last: 7 },
  });
  await register(ada, "e-token");
  expect(await rowOf("e-token")).toMatchObject({ sentUpTo: 7 });
  await app.core.database.prisma.notificationFeed.update({ where: { userId }, data: { last: 9 } });
  await register(ada, "e-token");
  expect(await rowOf("e-token")).toMatchObject({ sentUpTo: 7 });
  const { body } = await register(bob, "e-token");
  expect(await rowOf("e-token")).toMatchObject({ sentUpTo: 0 });
  await bob.delete(`/v1/devices/${body.id}`);
});

test("of more than twenty devices, the oldest are removed, also when they arrive at once", async () => {
  const tokens = Array.from({ length: 25 }, (_, index) => `f-token-${index}`);
  const first = await register(ada, "f-first");
  await Promise.all(tokens.map((token) => register(ada, token)));
  const ids = await idsOf(ada);
  expect(ids).toHaveLength(20);
  expect(ids).not.toContain(first.body.id);
});

test.each([
  ["no token", { platform: "WEB" }],
  ["an empty token", { token: "", platform: "WEB" }],
  ["a token of 2,049 characters", { token: "x".repeat(2_049), platform: "WEB" }],
  ["a space", { token: "a b", platform: "WEB" }],
  ["a line break", { token: "a\r\nb", platform: "WEB" }],
  ["no ASCII", { token: "tökén", platform: "WEB" }],
  ["no platform", { token: "g-token" }],
  ["another platform", { token: "g-token", platform: "PALM" }],
])("%s is refused", async (_what, body) => {
  const response = await ada.post("/v1/devices").send(body);
  expect([response.status, response.body.type]).toEqual([422, "/problems/invalid-request"]);
});

test("a token of the maximum length is accepted", async () => {
  const characters = Array.from({ length: 2_048 }, () =>
    String.fromCharCode(33 + Math.floor(Math.random() * 94)),
  );
  expect((await register(bob, characters.join(""))).status).toBe(201);
});

test("with an Idempotency-Key, a request is done once", async () => {
  const send = () => register(bob, "h-token").set("Idempotency-Key", "devices-1");
  const first = await send();
  await bob.delete(`/v1/devices/${first.body.id}`);
  expect((await send()).body).toEqual(first.body);
  expect(await rowOf("h-token")).toBeNull();
});

test("a closed account registers nothing", async () => {
  const userId = await userIdOf(bob);
  const { user } = app.core.database.prisma;
  await user.update({ where: { id: userId }, data: { closedAt: new Date() } });
  expect((await register(bob, "i-token")).status).toBe(401);
  await user.update({ where: { id: userId }, data: { closedAt: null } });
  expect(await rowOf("i-token")).toBeNull();
});

test("no token is in the log, or in a response", async () => {
  expect(app.logged.join("\n")).toContain("/v1/devices");
  expect(app.logged.join("\n")).not.toMatch(/[a-i]-token/);
});
