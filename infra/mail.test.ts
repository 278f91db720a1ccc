import { afterAll, beforeAll, expect, test } from "vitest";
import { createSandbox } from "../sandbox/sandbox.ts";
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

test("rejects a sender without an address", () => {
  expect(() => createMailer("smtp://127.0.0.1", "Offstage")).toThrow(TypeError);
});

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
