import { once } from "node:events";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSigner } from "../../infra/storage/signature.ts";
import { StorageFullError } from "../../infra/storage/storage.ts";
import { createTestApp, SECRET, type TestApp } from "../support/api/app.ts";
import { createPeople, type SignedIn } from "../support/api/people.ts";
import { mountSmallDisk } from "../support/servers/small-disk.ts";
import { until } from "../../scripts/processes/until.ts";
import { changeSignature, createUploader, type Permit, samples } from "../support/api/uploads.ts";

let app: TestApp;
let owner: SignedIn;
let client: ReturnType<typeof createUploader>;
beforeAll(async () => {
  app = await createTestApp();
  owner = await createPeople(app).session("owner@example.com");
  client = createUploader(app, owner);
});
afterAll(() => app[Symbol.asyncDispose]());

const png = Buffer.concat([samples.png, Buffer.alloc(300_000)]);
const kept = async (id: string) => (await app.files.contents()).filter((name) => name.includes(id));
const incoming = async () => (await app.files.contents()).filter((name) => name.startsWith("incoming"));
const problemOf = async (response: Response) => {
  expect(response.headers.get("content-type")).toContain("application/problem+json");
  return (await response.json()) as { type: string; status: number };
};
/** A request whose body the test writes itself. */
const open = ({ url, headers }: Permit, more: Record<string, string | number> = {}) => {
  const sending = request(new URL(url, app.url), {
    method: "PUT",
    headers: { ...headers, ...more },
  });
  // The server ignores the rest of the body after its response.
  return sending.once("response", () => sending.on("error", () => {}));
};

describe("a signed URL of the local storage", () => {
  test("needs no cookie, and ignores cookies of other sites", async () => {
    const permit = await client.create(png);
    const elsewhere = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    expect((await client.put(permit, png, elsewhere)).status).toBe(200);
  });

  test.each([
    ["the signature", changeSignature],
    ["the type", (url: string) => url.replace("image%2Fpng", "text%2Fhtml")],
    ["the size", (url: string) => url.replace(/bytes=\d+/, "bytes=999999999")],
    ["the expiry", (url: string) => url.replace(/expires=\d+/, "expires=9999999999")],
    ["the upload", (url: string) => url.replace(/uploads\/[^/]+/, `uploads/${crypto.randomUUID()}`)],
    ["the object", (url: string) => url.replace("/source?", "/image/480.webp?")],
    ["all of the query", (url: string) => url.split("?")[0]!],
  ])("is rejected with another value for %s", async (_what, change) => {
    const permit = await client.create(png);
    const response = await client.put({ ...permit, url: change(permit.url) }, png);
    expect(await problemOf(response)).toMatchObject({ type: "/problems/url-refused", status: 403 });
    expect(await kept(permit.id)).toEqual([]);
  });

  test("is rejected after its expiry", async () => {
    const { id } = await client.create(png);
    const object = { contentType: "image/png", bytes: png.length };
    const url = createSigner(SECRET).sign(`uploads/${id}/source`, object, Date.now() - 301_000);
    const response = await fetch(app.url + url, {
      method: "PUT",
      headers: { "content-type": "image/png" },
      body: new Uint8Array(png),
    });
    expect(await problemOf(response)).toMatchObject({ type: "/problems/url-expired", status: 403 });
  });

  test("is rejected once the upload is complete or deleted", async () => {
    const permit = await client.create(png);
    await client.put(permit, png);
    await client.complete(permit.id);
    const late = await client.put(permit, Buffer.alloc(png.length));
    expect(await problemOf(late)).toMatchObject({ type: "/problems/already-completed", status: 409 });

    await owner.delete(`/v1/uploads/${permit.id}`);
    expect(await problemOf(await client.put(permit, png))).toMatchObject({ status: 404 });
  });

  test("does not change an upload that is completed while bytes arrive", async () => {
    const permit = await client.create(png);
    await client.put(permit, png);
    const second = open(permit, { "Content-Length": png.length });
    const responded = once(second, "response");
    second.write(Buffer.alloc(1_000));
    await until("the second body is being received", async () => (await incoming()).length === 1);
    await client.complete(permit.id);
    second.end(Buffer.alloc(png.length - 1_000));
    const [response] = (await responded) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(409);
    const found = await owner.get(`/v1/uploads/${permit.id}/files/source`).buffer(true);
    expect(found.body.subarray(0, 8)).toEqual(png.subarray(0, 8));
    expect(await incoming()).toEqual([]);
  });

  test("publishes no unchecked bytes when a PUT and a completion race", async () => {
    const other = Buffer.alloc(png.length);
    const outcomes = new Set<string>();
    for (let round = 0; round < 30; round++) {
      const permit = await client.create(png);
      await client.put(permit, png);
      const [late, completed] = await Promise.all([client.put(permit, other), client.complete(permit.id)]);
      outcomes.add(`${late.status} ${completed.status}`);
      if (completed.status !== 202) continue;
      const found = await owner.get(`/v1/uploads/${permit.id}/files/source`).buffer(true);
      expect(found.body.subarray(0, 8)).toEqual(png.subarray(0, 8));
    }
    expect([...outcomes].filter((each) => each !== "409 202" && each !== "200 422")).toEqual([]);
  });

  test("accepts only PUT", async () => {
    const { url } = await client.create(png);
    const response = await fetch(new URL(url, app.url));
    expect([response.status, response.headers.get("allow")]).toEqual([405, "PUT"]);
    expect(await problemOf(response)).toMatchObject({ type: "/problems/method-not-allowed" });
  });

  test("accepts only whole files", async () => {
    const permit = await client.create(png);
    const range = { "Content-Range": `bytes 0-${png.length - 1}/${2 * png.length}` };
    const response = await client.put(permit, png, range);
    expect(await problemOf(response)).toMatchObject({ type: "/problems/bad-request", status: 400 });
    expect(await kept(permit.id)).toEqual([]);
  });

  test("accepts only the declared type", async () => {
    const permit = await client.create(png);
    for (const type of ["image/jpeg", "text/html", "image/png; charset=utf-8"]) {
      const response = await client.put(permit, png, { "Content-Type": type });
      expect(await problemOf(response)).toMatchObject({ type: "/problems/wrong-content-type", status: 415 });
    }
    expect(await kept(permit.id)).toEqual([]);
  });

  test.each([
    ["more bytes, with Content-Length", { "Content-Length": png.length + 1 }, png.length + 1],
    ["fewer bytes, with Content-Length", { "Content-Length": png.length - 1 }, png.length - 1],
    ["more bytes, chunked", { "Transfer-Encoding": "chunked" }, png.length + 1],
    ["fewer bytes, chunked", { "Transfer-Encoding": "chunked" }, png.length - 1],
    ["far more bytes, chunked", { "Transfer-Encoding": "chunked" }, 20_000_000],
  ])("rejects %s", async (_what, headers, bytes) => {
    const permit = await client.create(png);
    const sending = open(permit, headers);
    const responded = once(sending, "response");
    sending.end(Buffer.alloc(bytes));
    const [response] = (await responded) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(422);
    expect([...(await kept(permit.id)), ...(await incoming())]).toEqual([]);
    expect((await client.complete(permit.id)).body).toMatchObject({ type: "/problems/not-uploaded" });
  });

  test("rejects an invalid request before its body arrives", async () => {
    const permit = await client.create(png);
    const statusOf = async (bytes: number) => {
      const sending = open(permit, { "Content-Length": bytes });
      sending.flushHeaders();
      const [response] = (await once(sending, "response")) as [{ statusCode: number }];
      sending.destroy();
      return response.statusCode;
    };
    expect(await statusOf(png.length + 1)).toBe(422);
    await client.put(permit, png);
    await client.complete(permit.id);
    expect(await statusOf(png.length)).toBe(409);
  });

  test("removes an interrupted transfer, which can be repeated", async () => {
    const permit = await client.create(png);
    const broken = open(permit, { "Content-Length": png.length });
    broken.on("error", () => {});
    broken.write(png.subarray(0, 150_000));
    await until("the body is being received", async () => (await incoming()).length === 1);
    expect(await kept(permit.id)).toEqual([]);
    broken.destroy();
    await until("no partial file is left", async () => (await incoming()).length === 0);
    expect(await kept(permit.id)).toEqual([]);
    expect((await client.complete(permit.id)).status).toBe(409);
    expect((await client.put(permit, png)).status).toBe(200);
    expect((await client.complete(permit.id)).status).toBe(202);
    expect(app.logged.filter((line) => /"level":"(warn|error)"/.test(line))).toEqual([]);
  });

  test("receives one body at a time: a new request aborts the previous one", async () => {
    const permit = await client.create(png);
    let ended = 0;
    for (let each = 0; each < 10; each++) {
      const sending = open(permit, { "Content-Length": png.length }).on("error", () => void (ended += 1));
      sending.write(png.subarray(0, 150_000));
    }
    await until("one request is left", async () => ended === 9 && (await incoming()).length === 1);
    expect((await client.put(permit, png)).status).toBe(200);
    await until("no request is left", async () => ended === 10 && (await incoming()).length === 0);
    expect((await client.complete(permit.id)).status).toBe(202);
    expect(app.logged.filter((line) => /"level":"(warn|error)"/.test(line))).toEqual([]);
  });

  test("publishes an object only when it is complete", async () => {
    const permit = await client.create(png);
    const slow = open(permit, { "Content-Length": png.length });
    const responded = once(slow, "response");
    slow.write(png.subarray(0, png.length - 1));
    await until("the body is being received", async () => (await incoming()).length === 1);
    expect(await app.files.storage.head(`uploads/${permit.id}/source`)).toBeUndefined();
    expect((await client.complete(permit.id)).status).toBe(409);
    slow.end(png.subarray(png.length - 1));
    const [response] = (await responded) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(200);
    expect((await client.complete(permit.id)).status).toBe(202);
  });

  test("streams: a file of 200 MB uses little memory", async () => {
    const chunk = Buffer.alloc(1_000_000);
    const permit = await client.create(chunk, {
      bytes: 200 * chunk.length,
      kind: "VIDEO",
      contentType: "video/mp4",
    });
    const before = process.memoryUsage.rss();
    let peak = 0;
    const sending = open(permit, { "Content-Length": 200 * chunk.length });
    const responded = once(sending, "response");
    for (let sent = 0; sent < 200; sent++) {
      if (!sending.write(chunk)) await once(sending, "drain");
      peak = Math.max(peak, process.memoryUsage.rss());
    }
    sending.end();
    const [response] = (await responded) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(200);
    expect((peak - before) / 1e6).toBeLessThan(100);
    await owner.delete(`/v1/uploads/${permit.id}`);
  });
});

test("a client that disconnects during a download causes no error", async () => {
  const id = await client.upload(Buffer.concat([samples.png, Buffer.alloc(20_000_000)]));
  const disconnect = new AbortController();
  const url = `${app.url}/v1/uploads/${id}/files/source`;
  const { body } = await fetch(url, { headers: { cookie: owner.cookie }, signal: disconnect.signal });
  await body!.getReader().read();
  disconnect.abort();
  await until("the request has ended", async () =>
    app.logged.some((line) => line.includes(`${id}/files/source`) && line.includes("aborted")),
  );
  expect((await owner.get(`/v1/uploads/${id}`)).status).toBe(200);
  expect(app.logged.filter((line) => /"level":"(warn|error)"/.test(line))).toEqual([]);
});

test("a full disk returns 507 and keeps no partial file", async () => {
  const disk = join(app.files.folder, "incoming");
  if (!(await mountSmallDisk(disk)))
    app.files.storage.write = () =>
      Promise.reject(new StorageFullError({ cause: "mounting a small disk is not permitted" }));
  const body = Buffer.concat([samples.png, Buffer.alloc(4_000_000)]);
  const permit = await client.create(body);
  const response = await client.put(permit, body);
  expect(await problemOf(response)).toMatchObject({ type: "/problems/storage-full", status: 507 });
  expect([...(await kept(permit.id)), ...(await incoming())]).toEqual([]);
});
