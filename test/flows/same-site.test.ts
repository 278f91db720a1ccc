import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type People } from "../support/api/people.ts";

let app: TestApp;
let people: People;
beforeAll(async () => {
  app = await createTestApp();
  people = createPeople(app);
});
afterAll(() => app[Symbol.asyncDispose]());

test.each([
  [403, "another site", { "Sec-Fetch-Site": "cross-site" }],
  [403, "a sibling domain", { "Sec-Fetch-Site": "same-site" }],
  [403, "another origin, in an old browser", { Origin: "https://evil.example" }],
  [403, "a page without origin", { Origin: "null" }],
  [200, "this site", { "Sec-Fetch-Site": "same-origin" }],
  [200, "this origin, in an old browser", { Origin: "http://app.test" }],
  [
    200,
    "this origin under another name, in an old browser",
    { Origin: "http://localhost:3000", Host: "localhost:3000" },
  ],
  [
    403,
    "another port of this host, in an old browser",
    { Origin: "http://localhost:4000", Host: "localhost:3000" },
  ],
  [200, "a URL typed by the user", { "Sec-Fetch-Site": "none" }],
  [200, "an API client", {}],
])("%i for a change with a cookie from %s", async (status, _from, headers) => {
  const session = await people.session(`csrf-${Math.random()}@example.com`);
  expect((await session.patch("/v1/me").set(headers).send({ name: "Changed" })).status).toBe(status);
  expect((await session.get("/v1/me").set(headers)).status).toBe(200);
});

test("a change with a Bearer token may come from any site", async () => {
  const { cookie } = await people.session("token@example.com");
  const response = await app.request
    .patch("/v1/me")
    .auth(cookie.slice("session=".length), { type: "bearer" })
    .set({ Origin: "https://partner.example", "Sec-Fetch-Site": "cross-site" })
    .send({ name: "Changed" });
  expect(response.status).toBe(200);
});

test("another site can neither log in nor sign up", async () => {
  const person = await people.verified("victim@example.com");
  for (const path of ["/v1/login", "/v1/signup"]) {
    const response = await app.request.post(path).set("Sec-Fetch-Site", "cross-site").send(person);
    expect([response.status, response.body.type]).toEqual([403, "/problems/cross-site"]);
  }
});
