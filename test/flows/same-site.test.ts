import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { publishedOperations } from "../support/api/openapi.ts";
import { createPeople, type People } from "../support/api/people.ts";
import { createUploader, samples } from "../support/api/uploads.ts";

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

test("another site can use no route that changes something, except to unsubscribe with a token", async () => {
  const allowed: string[] = [];
  for (const { method, path, title } of publishedOperations().filter(({ method }) => method !== "GET")) {
    const url = path.replaceAll(/\{\w+\}/g, "x");
    const headers = { "Sec-Fetch-Site": "cross-site", "content-type": "application/json" };
    const response = await fetch(app.url + url, { method, headers, body: "{}" });
    const { type } = (await response.json()) as { type: string };
    if (response.status !== 403 || type !== "/problems/cross-site") allowed.push(title);
  }
  expect(allowed).toEqual(["POST /unsubscribe"]);
});

test("a signed URL takes the file that a page of another site sends", async () => {
  const session = await people.session("uploader@example.com");
  const { url, headers } = await createUploader(app, session).create(samples.png);
  const response = await app.request
    .put(url)
    .set({ ...headers, Origin: "https://partner.example", "Sec-Fetch-Site": "cross-site" })
    .send(samples.png);
  expect(response.status).toBe(200);
});
