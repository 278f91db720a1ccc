import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createSandbox } from "../sandbox/sandbox.ts";
import { createProxy } from "../test/support/servers/proxy.ts";
import { createMailer } from "./mail.ts";

const message = {
  id: "01932b5e-0000-7000-8000-000000000001",
  to: "ada@example.com",
  subject: "Hi",
  text: "Hi",
  html: "",
};

let sandbox: Awaited<ReturnType<typeof createSandbox>>;
let mailer: ReturnType<typeof createMailer>;

beforeAll(async () => {
  sandbox = await createSandbox({ host: "127.0.0.1", smtpPort: 0, httpPort: 0 });
  mailer = createMailer(`smtp://127.0.0.1:${sandbox.smtpPort}`, "Offstage <hello@offstage.example>");
});
afterAll(async () => {
  mailer.close();
  await sandbox.close();
});

test("the id becomes the Message-ID, at the sender's domain", async () => {
  await mailer.send(message);
  await mailer.send(message);
  const mails = await arrived("ada@example.com");
  const ids = mails.map(({ messageId }) => messageId);
  expect(ids).toEqual(Array(2).fill("<01932b5e-0000-7000-8000-000000000001@offstage.example>"));
  // Prevents automatic replies.
  expect(mails[0]?.headers).toMatch(/^Auto-Submitted: auto-generated\r?$/m);
});

test("a subject cannot add headers", async () => {
  await mailer.send({
    ...message,
    to: "bob@example.com",
    subject: "Hi\r\nBcc: eve@example.com\r\n\r\n<b>body</b>",
  });
  const [mail] = await arrived("bob@example.com");
  expect(mail?.headers).not.toMatch(/^Bcc:/m);
  expect(mail?.text.trim()).toBe("Hi");
  expect(await arrived("eve@example.com")).toEqual([]);
});

test("only optional mails have the one-click unsubscribe headers", async () => {
  const url = `https://app.example/unsubscribe?token=01932b5e-0000-7000-8000-000000000001.${"x".repeat(43)}`;
  await mailer.send({ ...message, to: "dan@example.com", unsubscribe: url });
  const [mail] = await arrived("dan@example.com");
  const headers = mail?.headers.replaceAll(/\r?\n\s+/g, " ");
  expect(headers).toContain(`List-Unsubscribe: <${url}>`);
  expect(headers).toContain("List-Unsubscribe-Post: List-Unsubscribe=One-Click");
  await mailer.send({ ...message, to: "erin@example.com" });
  expect((await arrived("erin@example.com"))[0]?.headers).not.toContain("List-Unsubscribe");
});

test.for(["eve@example.com, mallory@example.com", "eve@example.com\r\nRCPT TO:<mallory@example.com>"])(
  "%j is rejected and reaches no one",
  async (to) => {
    await expect(mailer.send({ ...message, to })).rejects.toThrow();
    expect(await arrived("eve@example.com")).toEqual([]);
    expect(await arrived("mallory@example.com")).toEqual([]);
  },
);

test("a signal aborts a send that hangs", async () => {
  await setOutage("hang");
  await expect(mailer.send(message, AbortSignal.timeout(200))).rejects.toThrow("aborted");
  await setOutage("off");
  await mailer.send({ ...message, to: "carol@example.com" });
  expect(await arrived("carol@example.com")).toHaveLength(1);
});

test.each(["Offstage", "a@acme.example, b@acme.example"])("the sender %j is rejected", (from) => {
  expect(() => createMailer("smtp://127.0.0.1", from)).toThrow(TypeError);
});

test("an address in another script is ASCII in the envelope, in From and in the Message-ID", async () => {
  const server = await startServer({ disabledCommands: ["STARTTLS"] });
  let wire = "";
  await using proxy = await createProxy(Number(new URL(server.url).port), (chunk, client) =>
    client.write(chunk),
  );
  proxy.received.on("line", (text) => (wire += text));
  await openMailer(`smtp://127.0.0.1:${proxy.port}`, "Bücher, Inc. <hallo@bücher.example>").send(message);
  expect(wire).toContain("MAIL FROM:<hallo@xn--bcher-kva.example>");
  expect(wire).toMatch(/^From: =\?UTF-8\?.*\?= <hallo@xn--bcher-kva\.example>\r$/m);
  expect(wire).toContain(`Message-ID: <${message.id}@xn--bcher-kva.example>`);
  expect(wire).toMatch(/^\p{ASCII}*$/u);
});

// Connects to this machine, under an address that does not look like it.
const remote = (url: string, login = "user:s3cret@") => url.replace("127.0.0.1", `${login}0.0.0.0`);

test.each([
  ["a server without STARTTLS", { hideSTARTTLS: true }, ""],
  ["a server that refuses STARTTLS", { disabledCommands: ["STARTTLS"] }, ""],
  ["a server whose certificate is not trusted", {}, ""],
  ["a server without STARTTLS, whatever the URL ignores", { hideSTARTTLS: true }, "?ignoreTLS=true"],
])("%s gets neither the password nor the mail", async (_, options, parameters) => {
  const server = await startServer(options);
  const error = await openMailer(remote(server.url) + parameters)
    .send(message)
    .catch((cause: unknown) => cause);
  expect(error).toMatchObject({ code: expect.stringMatching(/^(ETLS|ESOCKET)$/) });
  expect([server.logins, server.mails]).toEqual([[], []]);
});

test("a server that encrypts gets both, and so does one for which the URL gives that up", async () => {
  const encrypting = await startServer({});
  await openMailer(`${remote(encrypting.url)}?tls.rejectUnauthorized=false`).send(message);
  const plain = await startServer({ disabledCommands: ["STARTTLS"] });
  await openMailer(`${remote(plain.url)}?requireTLS=false`).send(message);
  expect([encrypting, plain].map(({ logins, mails }) => [logins, mails[0]?.isEncrypted])).toEqual([
    [["s3cret"], true],
    [["s3cret"], false],
  ]);
});

test("without a password, encryption is required where the caller says so", async () => {
  const server = await startServer({ disabledCommands: ["STARTTLS"] });
  await openMailer(remote(server.url, "")).send(message);
  const mailer = openMailer(remote(server.url, ""), undefined, { requireTls: true });
  await expect(mailer.send(message)).rejects.toMatchObject({ code: "ETLS" });
  expect(server.mails).toHaveLength(1);
});

const openMailer = (url: string, from = "hello@acme.example", options?: { requireTls: boolean }) => {
  const opened = createMailer(url, from, options);
  onTestFinished(() => opened.close());
  return opened;
};

/** A server with a certificate of its own making, which records the passwords and mails it gets. */
const startServer = async (options: SMTPServerOptions) => {
  const logins: unknown[] = [];
  const mails: { isEncrypted: boolean }[] = [];
  const server = new SMTPServer({
    ...options,
    authOptional: true,
    allowInsecureAuth: true,
    closeTimeout: 100,
    logger: false,
    onAuth: ({ password }, _session, respond) => {
      logins.push(password);
      respond(null, { user: "user" });
    },
    onData: (stream, { secure }, respond) => {
      mails.push({ isEncrypted: secure });
      stream.resume().on("end", () => respond());
    },
  });
  server.on("error", () => {}); // a client that disconnects
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`, logins, mails };
};

const inbox = (path: string, init?: RequestInit) =>
  fetch(`http://127.0.0.1:${sandbox.httpPort}${path}`, init);

const setOutage = (mail: string) =>
  inbox("/api/outage", {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ mail }),
  });

const read = async <Body>(path: string) => (await (await inbox(path)).json()) as Body;

const arrived = async (to: string) => {
  const mails = await read<{ id: string }[]>(`/api/messages?to=${encodeURIComponent(to)}`);
  return Promise.all(
    mails.map(({ id }) =>
      read<{ messageId: string; text: string; headers: string }>(`/inbox/messages/${id}`),
    ),
  );
};
