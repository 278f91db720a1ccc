import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, tokenIn } from "../support/api/people.ts";
import { samples } from "../support/api/uploads.ts";

const root = join(import.meta.dirname, "../..");

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
  const people = createPeople(app);
  for (const name of ["ada", "admin"]) await people.verified(`${name}@offstage.example`);
  await app.core.database.prisma.user.update({
    where: { email: "admin@offstage.example" },
    data: { role: "ADMIN" },
  });
});
afterAll(() => app[Symbol.asyncDispose]());

interface Request {
  title: string;
  name: string | undefined;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

const parse = (text: string): Request[] =>
  text
    .split(/^### /m)
    .slice(1)
    .map((block) => {
      const [title = "", ...rest] = block.split("\n");
      const name = /^# @name (\w+)$/m.exec(block)?.[1];
      const [head = "", ...body] = rest
        .filter((line) => !line.startsWith("#"))
        .join("\n")
        .split("\n\n");
      const [request = "", ...headers] = head.trim().split("\n");
      const [method = "", url = ""] = request.split(" ");
      return {
        title,
        name,
        method,
        url,
        headers: Object.fromEntries(headers.map((header) => header.split(": "))),
        body: body.join("\n\n").trim(),
      };
    });

/** Fills in the values that a reader has to enter. */
const filledIn = async ({ url, body }: Request): Promise<string | Uint8Array<ArrayBuffer> | undefined> => {
  if (body.startsWith("<")) return new Uint8Array(samples.jpeg);
  const [to, subject] = url.endsWith("/reset")
    ? ["ada@offstage.example", "Set a new password"]
    : ["me@example.com", "Confirm your email address"];
  const token = body.includes('"token": ""') ? tokenIn((await app.mailTo(to, subject)).text) : "";
  return (
    body.replace('"token": ""', `"token": "${token}"`).replace("123456", `${samples.jpeg.length}`) ||
    undefined
  );
};

test("requests.http runs from top to bottom", async () => {
  const text = await readFile(join(root, "requests.http"), "utf8");
  const variables = new Map([...text.matchAll(/^@(\w+) = (.*)$/gm)].map(([, name, value]) => [name, value]));
  variables.set("$guid", crypto.randomUUID()).set("host", app.url);
  const fill = (template: string) =>
    template.replaceAll(/\{\{(.+?)\}\}/g, (_, name: string) => variables.get(name) ?? `no ${name}`);
  const cookies = new Map<string, string>();

  const failed: [title: string, status: number][] = [];
  for (const request of parse(text)) {
    const { title, name, method, headers } = request;
    const body = await filledIn({ ...request, body: fill(request.body) });
    const response = await fetch(fill(request.url), {
      method,
      headers: {
        ...Object.fromEntries(Object.entries(headers).map(([header, value]) => [header, fill(value)])),
        Cookie: [...cookies].map(([cookie, value]) => `${cookie}=${value}`).join("; "),
      },
      ...(body && { body }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, key = "", value = ""] = /^(.+?)=(.*?);/.exec(cookie) ?? [];
      cookies.set(key, value);
    }
    const responseText = await response.text();
    if (name)
      for (const [field, value] of Object.entries(JSON.parse(responseText) as object))
        variables.set(`${name}.response.body.${field}`, String(value));
    if (!response.ok) failed.push([title, response.status]);
  }
  expect(failed).toEqual([
    ["… or with the six-digit code, within 15 minutes", 422],
    ["End a session: use an id from the list above", 404],
    ["An error response", 422],
  ]);
});
