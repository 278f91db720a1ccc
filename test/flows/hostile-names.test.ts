import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Message } from "../../sandbox/inbox.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type People, tokenIn } from "../support/api/people.ts";

const VERIFICATION = "Confirm your email address";
const FAMILY = "👩‍👩‍👧‍👦".repeat(9);

let app: TestApp;
let people: People;
let plain: Message;
beforeAll(async () => {
  app = await createTestApp();
  people = createPeople(app);
  await signUp("plain@example.com", "Ada");
  plain = await app.mailTo("plain@example.com", VERIFICATION);
});
afterAll(() => app[Symbol.asyncDispose]());

const signUp = (email: string, name: string) =>
  app.request.post("/v1/signup").send({ ...people.person(email), name });

/** The structure of a mail: its tags and attribute names. No value may change it. */
const structure = ({ html }: Message) =>
  html.match(/<[^>]*>/g)?.map((tag) => tag.replaceAll(/="[^"]*"/g, "").replaceAll(/\s+/g, " "));
const headerNames = (headers: string) => headers.match(/^[\w-]+(?=:)/gm)?.toSorted();

describe("a name", () => {
  test.for<[what: string, name: string, greeting: string]>([
    ["an element", "<script>alert(1)</script>", "<script>alert(1)</script>"],
    ["an event handler", `"><img src=x onerror=alert(1)>`, `"><img src=x onerror=alert(1)>`],
    ["an entity", "&lt;b&gt; &amp; &#60;", "&lt;b&gt; &amp; &#60;"],
    ["a template", "<%= it %> ${it} {{it}}", "<%= it %> ${it} {{it}}"],
    ["a header", "Eve\r\nBcc: all\r\n\r\n<h1>", "Eve Bcc: all <h1>"],
    ["other line breaks", "Eve\u2028Bcc\u2029\u0085\u000b\tx", "Eve Bcc x"],
    ["reversed text", "\u202eelgoog\u202c \u2066x\u2069\u200f", "elgoog x"],
    ["right to left", "עדה لوفلايس", "עדה لوفلايس"],
    ["emoji", FAMILY, FAMILY],
    ["combining marks", "Z̸̢̛̰͙͇a̷̟͕̍l̴̝̆g̷̱̈́o̶͓͐", "Z̸̢̛̰͙͇a̷̟͕̍l̴̝̆g̷̱̈́o̶͓͐"],
    ["a hundred letters", "W".repeat(100), "W".repeat(100)],
  ])("that is %s is only text in the mail", async ([what, name, greeting]) => {
    const email = `${what.replaceAll(" ", "-")}@example.com`;
    expect((await signUp(email, name)).status).toBe(202);
    const mail = await app.mailTo(email, VERIFICATION);

    expect(mail.text.split("\n")[0]).toBe(`Hello ${greeting},`);
    expect(textOf(mail)).toContain(`Hello ${greeting},`);
    expect(structure(mail)).toEqual(structure(plain));
    const headers = await app.headersOf(mail);
    expect(headerNames(headers)).toEqual(headerNames(await app.headersOf(plain)));
    expect(headers).not.toMatch(/Eve|alert/);
  });

  test.for(["win at evil.example", "https://evil.example/now"])(
    "%j is left out of the greeting",
    async (name) => {
      const email = `${name.length}@example.com`;
      await signUp(email, name);
      const mail = await app.mailTo(email, VERIFICATION);
      expect(mail.text.split("\n")[0]).toBe("Hello,");
      expect(mail.text + mail.html).not.toContain("evil");
    },
  );

  test("that combines all of these is harmless in every mail and in the account", async () => {
    const name = `Eve "'><script>alert(1)</script>\r\nBcc: all\u202e <%= it %>`;
    const person = { ...people.person("all@example.com"), name };
    // Wait for each mail before the next step, which may make the mail obsolete.
    const arrives = async (subject: string) => {
      const mail = await app.mailTo(person.email, subject);
      expect(mail.text.split("\n")[0]).toBe(`Hello Eve "'><script>alert(1)</script> Bcc: all <%= it %>,`);
      expect(mail.html).not.toMatch(/<script|<%|\u202e/);
      return mail;
    };
    await app.request.post("/v1/signup").send(person);
    const { text } = await arrives(VERIFICATION);
    await app.request.post("/v1/verify-email").send({ token: tokenIn(text) });
    await arrives("Welcome to Offstage");
    await app.request.post("/v1/signup").send(person);
    await arrives("You already have an account");
    const session = await people.as(person);
    await people.logIn(person);
    await arrives("A new sign-in to your account");
    await app.request.post("/v1/password/forgot").send({ email: person.email });
    await arrives("Set a new password");
    const change = { currentPassword: person.password, newPassword: "another horse battery" };
    expect((await session.post("/v1/password/change").send(change)).status).toBe(200);
    await arrives("Your password was changed");

    const me = await session.get("/v1/me");
    expect(me.body.name).toBe(name);
    expect(me.type).toBe("application/json");
    expect(me.headers["x-content-type-options"]).toBe("nosniff");
  });
});

describe("an address", () => {
  const domain = [63, 63, 57, 3].map((length) => "d".repeat(length)).join(".");
  const longest = `${"a".repeat(64)}@${domain}`;

  test.for([
    longest,
    "o'brien+tag_1-2@example.com",
    "-@example.com",
    "o&leary@example.com",
    "!#$%&'*+/=?^_`{|}~-.x@a.b-2.1.c",
    "user@xn--80ak6aa92e.xn--p1ai",
  ])("%s gets its mail, and no other address does", async (email) => {
    expect(email.length).toBeLessThanOrEqual(254);
    await people.verified(email);
    const mail = await app.mailTo(email, VERIFICATION);
    expect(mail.to).toBe(email);
    expect((await app.headersOf(mail)).split("\n")).toContain(`To: ${email}`);
    const session = await people.as(people.person(email));
    expect((await session.get("/v1/me")).body.email).toBe(email);
  });

  test.for([
    `${longest}d`,
    `${"a".repeat(65)}@example.com`,
    "<script>@example.com",
    `"<script>"@example.com`,
    "eve@example.com\r\nBcc: all@example.com",
    "eve@example.com,all@example.com",
    "Eve <eve@example.com>",
    "eve@[127.0.0.1]",
    "👩@example.com",
    "עדה@example.com",
    "\u212aate@example.com",
    "eve@exam\u202eple.com",
    "eve@℀.com",
    "eve@127.0.0.1",
    "eve@localhost",
    "ada@example.com.",
    "eve\u202e@example.com",
  ])("%j is rejected", async (email) => {
    const response = await signUp(email, "Eve");
    expect(response.status).toBe(422);
    expect(response.body.errors).toMatchObject([{ field: "email" }]);
  });
});

/** The visible text of the HTML, in one line. */
const textOf = ({ html }: Message) =>
  html
    .replaceAll(/<style[\s\S]*?<\/style>|<[^>]*>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&")
    .replaceAll(/\s+/g, " ");
