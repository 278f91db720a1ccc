import { expect, test } from "vitest";
import { PermanentError, RateLimitedError } from "../core/index.ts";
import { createEvidence } from "./evidence.ts";
import { sendEmail } from "./handler.ts";
import type { Deps as HandlerDeps } from "./handler.ts";
import { email, type Template } from "./job.ts";
import { mails } from "./mails.ts";

const userId = "01932b5e-0000-7000-8000-000000000001";
const recordId = "01932b5e-0000-7000-8000-000000000002";
const run = {
  id: "01932b5e-0000-7000-8000-000000000003",
  signal: new AbortController().signal,
  complete: <Result>(effect: (tx: string) => Promise<Result>) => effect("tx"),
};

type Deps = HandlerDeps<string>;

const ada = {
  email: "ada@example.com",
  name: "Ada",
  verifiedAt: null,
  zone: "Europe/Warsaw",
  notifyByMail: true,
  refusedMails: [],
};
const report = { project: "Rocket", period: "Week 47", filename: "r.pdf", bytes: 5_000_000, attach: true };
const open = { expiresAt: new Date(Date.now() + 60_000), usedAt: null };

const invitation = {
  email: "bob@example.com",
  expiresAt: new Date(Date.now() + 60_000),
  project: { name: "Apollo" },
};

test("sends the verification link to the user", async () => {
  const { outcome, sent } = await perform({ template: "verification", userId, recordId });
  expect(outcome).toBe("sent");
  expect(sent).toEqual([
    {
      id: run.id,
      to: "ada@example.com",
      subject: "verification",
      text: JSON.stringify({ name: "Ada", url: `https://app.example/verify/${recordId}`, code: "123456" }),
      html: "",
    },
  ]);
});

test("greets with the name in the sign-up that the mail is for, unless it looks like a link", async () => {
  const greeting = async (name: string | null) => {
    const findVerification = async () => ({ ...open, name });
    const { sent } = await perform({ template: "verification", userId, recordId }, { findVerification });
    return JSON.parse(sent[0]?.text ?? "").name;
  };
  expect(await greeting("Grace")).toBe("Grace");
  expect(await greeting("win at evil.example")).toBe("");
  expect(await greeting(null)).toBe("Ada");
});

test("sends the login link to an address that already has an account", async () => {
  const { outcome, sent } = await perform({ template: "account-exists", userId });
  expect(outcome).toBe("sent");
  expect(sent[0]?.text).toContain("https://app.example/login");
});

test("sends the link to set a new password until it is used", async () => {
  const wanted = await perform({ template: "password-reset", userId, recordId });
  expect(wanted.sent[0]?.text).toContain(`https://app.example/reset/${recordId}`);
  const used = { findReset: async () => ({ ...open, usedAt: new Date() }) };
  const { outcome } = await perform({ template: "password-reset", userId, recordId }, used);
  expect(outcome).toBe("skipped: the link was used or revoked");
});

test("reports a new sign-in with its device and local time while the session lasts", async () => {
  const { sent } = await perform({ template: "new-sign-in", userId, recordId });
  expect(JSON.parse(sent[0]?.text ?? "")).toMatchObject({
    device: "Firefox on Linux",
    time: "24 November 2026 at 09:00 CET",
  });
  const ended = { findSession: async () => null };
  expect((await perform({ template: "new-sign-in", userId, recordId }, ended)).outcome).toBe(
    "skipped: the session has ended",
  );
});

test("sends an invitation to the invited address, on behalf of the user", async () => {
  const { outcome, sent } = await perform({ template: "invitation", userId, recordId });
  expect(outcome).toBe("sent");
  expect(sent[0]?.to).toBe("bob@example.com");
  expect(JSON.parse(sent[0]?.text ?? "")).toEqual({
    name: "",
    inviter: "Ada",
    project: "Apollo",
    url: `https://app.example/invitation/${recordId}`,
  });
});

test("an invitation does not show names that look like links", async () => {
  const { sent } = await perform(
    { template: "invitation", userId, recordId },
    {
      findUser: async () => ({ ...ada, name: "win at evil.example" }),
      findInvitation: async () => ({ ...invitation, project: { name: "https://evil" } }),
    },
  );
  expect(JSON.parse(sent[0]?.text ?? "")).toMatchObject({ inviter: "Someone", project: "a project" });
});

test.for<[string, Deps["findInvitation"]]>([
  ["the invitation was accepted or revoked", async () => null],
  ["the invitation has expired", async () => ({ ...invitation, expiresAt: new Date(0) })],
])("skips an invitation that is not needed: %s", async ([reason, findInvitation]) => {
  const mail = await perform({ template: "invitation", userId, recordId }, { findInvitation });
  expect(mail).toEqual({ outcome: `skipped: ${reason}`, sent: [] });
});

test("a user who unsubscribed still receives the required mails", async () => {
  const unsubscribed = { findUser: async () => ({ ...ada, notifyByMail: false }) };
  const optional = await perform({ template: "new-sign-in", userId, recordId }, unsubscribed);
  expect(optional).toEqual({ outcome: "skipped: unsubscribed", sent: [] });
  expect((await perform({ template: "password-changed", userId }, unsubscribed)).outcome).toBe("sent");
});

test("a mail that the user has stopped wanting is not sent", async () => {
  const refusing = (...refusedMails: string[]) => ({ findUser: async () => ({ ...ada, refusedMails }) });
  const notification = { template: "notification", userId, recordId };
  for (const [payload, kind] of [
    [notification, "mention"],
    [reportReady, "report-ready"],
  ] as const) {
    const refused = await perform(payload, refusing(kind));
    expect(refused).toEqual({ outcome: "skipped: the user wants no such mails", sent: [] });
    expect((await perform(payload, refusing("upload-ready"))).outcome).toBe("sent");
  }
  const required = { template: "password-changed", userId };
  expect((await perform(required, refusing("password-changed"))).outcome).toBe("sent");
});

test("skips the mail about a notification whose record is gone", async () => {
  const payload = { template: "notification", userId, recordId };
  const { outcome, sent } = await perform(payload, { findNotification: async () => null });
  expect(outcome).toBe("skipped: what it is about was deleted, or is no longer visible to the user");
  expect(sent).toEqual([]);
});

test("only optional mails have an unsubscribe link", async () => {
  const url = `https://app.example/unsubscribe/${userId}`;
  const offers: Partial<Record<Template, string | undefined>> = {};
  for (const template of Object.keys(mails) as Template[])
    offers[template] = (await perform({ template, userId, recordId })).sent[0]?.unsubscribe;
  expect(offers).toEqual({ "new-sign-in": url, "report-ready": url, "export-ready": url, notification: url });
});

test("accepts a job enqueued before `subject` became `recordId`", async () => {
  const old = { template: "verification", userId, subject: recordId };
  expect(email.payload.parse(old)).toEqual({ template: "verification", userId, recordId });
  expect(await perform(old)).toEqual(await perform({ template: "verification", userId, recordId }));
});

test("says when the account will be deleted, until the deletion is cancelled or has begun", async () => {
  const { sent } = await perform({ template: "deletion-scheduled", userId, recordId });
  expect(JSON.parse(sent[0]?.text ?? "")).toEqual({
    name: "Ada",
    time: "5 December 2026 at 09:00 CET",
    url: `https://app.example/keep/${recordId}`,
  });
  const gone = { findDeletion: async () => null };
  expect(await perform({ template: "deletion-scheduled", userId, recordId }, gone)).toEqual({
    outcome: "skipped: the deletion was cancelled, or has begun",
    sent: [],
  });
});

test("sends nothing to a closed account", async () => {
  const findUser = async () => ({ ...ada, closedAt: new Date() });
  for (const template of Object.keys(mails).filter((name) => name !== "account-deleted"))
    expect(await perform({ template, userId, recordId }, { findUser })).toEqual({
      outcome: "skipped: the account is being deleted",
      sent: [],
    });
});

test("sends the last mail to the address that the account had, and then forgets it", async () => {
  const events: string[] = [];
  const { outcome, sent } = await perform(
    { template: "account-deleted", recordId },
    {
      send: async ({ to }) => void events.push(`sent to ${to}`),
      forgetAddress: async (tx, id) => void events.push(`forgot ${id} in ${tx}`),
    },
  );
  expect([outcome, sent]).toEqual(["sent", []]);
  expect(events).toEqual(["sent to ada@example.com", `forgot ${recordId} in tx`]);
  const again = await perform(
    { template: "account-deleted", recordId },
    { findDeletedAddress: async () => undefined },
  );
  expect(again).toEqual({ outcome: "skipped: it was sent", sent: [] });
});

test("keeps the address while the last mail cannot be sent", async () => {
  const forgotten: string[] = [];
  const failing = perform(
    { template: "account-deleted", recordId },
    {
      send: () => Promise.reject(new Error("the server is down")),
      forgetAddress: async (_tx, id) => void forgotten.push(id),
    },
  );
  await expect(failing).rejects.toThrow("the mail was not sent");
  expect(forgotten).toEqual([]);
});

test("always reports a changed password", async () => {
  expect((await perform({ template: "password-changed", userId })).outcome).toBe("sent");
});

test("sends the same mail under the same id when it runs twice", async () => {
  const first = await perform({ template: "verification", userId, recordId });
  const second = await perform({ template: "verification", userId, recordId });
  expect(second.sent).toEqual(first.sent);
});

test.for<[string, Partial<Deps>]>([
  ["the user no longer exists", { findUser: async () => null }],
  ["already verified", { findUser: async () => ({ ...ada, verifiedAt: new Date() }) }],
  ["the link was used or revoked", { findVerification: async () => null }],
  ["the link was used or revoked", { findVerification: async () => ({ ...open, usedAt: new Date() }) }],
  ["the link has expired", { findVerification: async () => ({ ...open, expiresAt: new Date(0) }) }],
])("skips a mail that is not needed: %s", async ([reason, deps]) => {
  const { outcome, sent } = await perform({ template: "verification", userId, recordId }, deps);
  expect(outcome).toBe(`skipped: ${reason}`);
  expect(sent).toEqual([]);
});

test.for([
  ["Ada Lovelace", "Ada Lovelace"],
  ["J.R.R. Tolkien", "J.R.R. Tolkien"],
  ["Zoë 👩‍🚀", "Zoë 👩‍🚀"],
  ["<script>alert(1)</script>", "<script>alert(1)</script>"],
  ["You won! https://evil", ""],
  ["claim at evil.example now", ""],
  ["приз на сайт.рф", ""],
])("greets %j as %j", async ([name, greeting]) => {
  const { sent } = await perform(
    { template: "verification", userId, recordId },
    { findUser: async () => ({ ...ada, name: name ?? "" }) },
  );
  expect(JSON.parse(sent[0]?.text ?? "").name).toBe(greeting);
});

test("fails permanently without the record id", async () => {
  await expect(perform({ template: "verification", userId })).rejects.toThrow(PermanentError);
});

test("classifies the provider's replies", async () => {
  const replying = (response: string, command: string) => {
    const error = { response, responseCode: Number(response.slice(0, 3)), command };
    return perform({ template: "verification", userId, recordId }, { send: () => Promise.reject(error) });
  };
  await expect(replying("550 5.1.1 unknown", "RCPT TO")).rejects.toThrow(PermanentError);
  await expect(replying("421 4.3.2 busy", "MAIL FROM")).rejects.toThrow(RateLimitedError);
  await expect(replying("451 4.3.0 busy", "RCPT TO")).rejects.toThrow("the mail was not sent: 451");
});

const reportReady = { template: "report-ready", userId, recordId };

test("attaches a report if it is wanted and small", async () => {
  const { sent } = await perform(reportReady);
  expect(JSON.parse(sent[0]?.text ?? "")).toMatchObject({
    project: "Rocket",
    period: "Week 47",
    url: `https://app.example/reports#${recordId}`,
    note: "The PDF is attached.",
  });
  const content = Buffer.from("%PDF");
  expect(sent[0]?.attachments).toEqual([{ filename: "r.pdf", contentType: "application/pdf", content }]);
  expect(sent[0]?.unsubscribe).toBe(`https://app.example/unsubscribe/${userId}`);
});

test("does not read a report that is too large to attach, and says so", async () => {
  const findReport = async () => ({ ...report, bytes: 5_000_001 });
  const readReport = () => Promise.reject(new Error("it was read"));
  const { sent } = await perform(reportReady, { findReport, readReport });
  expect(sent[0]?.text).toContain("too large to attach");
  expect(sent[0]?.attachments).toBeUndefined();
});

test("does not attach a report that is only to be linked", async () => {
  const { sent } = await perform(reportReady, { findReport: async () => ({ ...report, attach: false }) });
  expect(sent[0]?.text).not.toContain("attach");
  expect(sent[0]?.attachments).toBeUndefined();
});

test("skips the mail about a report that was deleted, before or while its file is read", async () => {
  const deleted = await perform(reportReady, { findReport: async () => null });
  expect(deleted.outcome).toBe("skipped: the report was deleted, or its user left the project");
  const removed = await perform(reportReady, { readReport: async () => undefined });
  expect([removed.outcome, removed.sent]).toEqual(["skipped: the report was deleted", []]);
});

test("says how large an export is, and until when it can be downloaded", async () => {
  const payload = { template: "export-ready", userId, recordId };
  const { sent } = await perform(payload);
  expect(JSON.parse(sent[0]?.text ?? "")).toMatchObject({
    ...{ size: "13 MB", until: expect.stringContaining("5 December 2026") },
    url: "https://app.example/account#exports",
  });
  const expired = await perform(payload, { findExport: async () => null });
  expect(expired).toEqual({ outcome: "skipped: the export was deleted, or has expired", sent: [] });
});

const perform = async (payload: unknown, deps: Partial<Deps> = {}) => {
  const sent: Parameters<Deps["send"]>[0][] = [];
  const handler = sendEmail<string>({
    findUser: async () => ada,
    findVerification: async () => open,
    findReset: async () => open,
    findSession: async () => ({ device: "Firefox on Linux", createdAt: new Date("2026-11-24T08:00:00Z") }),
    findReport: async () => report,
    readReport: async () => Buffer.from("%PDF"),
    findExport: async () => ({ bytes: 12_345_678, expiresAt: new Date("2026-12-05T08:00:00Z") }),
    findInvitation: async () => invitation,
    findDeletion: async () => ({ dueAt: new Date("2026-12-05T08:00:00Z") }),
    findDeletedAddress: async () => "ada@example.com",
    forgetAddress: async () => {},
    findNotification: async () => ({
      kind: "mention",
      title: "Done",
      text: "",
      url: "https://app.example/notifications",
    }),
    links: {
      acceptInvitation: (id) => `https://app.example/invitation/${id}`,
      verifyEmail: (id) => `https://app.example/verify/${id}`,
      verificationCode: () => "123456",
      resetPassword: (id) => `https://app.example/reset/${id}`,
      forgotPassword: () => "https://app.example/forgot",
      keepAccount: (id) => `https://app.example/keep/${id}`,
      login: () => "https://app.example/login",
      report: (id) => `https://app.example/reports#${id}`,
      exports: () => "https://app.example/account#exports",
      unsubscribe: (id) => `https://app.example/unsubscribe/${id}`,
    },
    render: (template, data) => ({ subject: template, text: JSON.stringify(data), html: "" }),
    send: async (message) => void sent.push(message),
    evidence: createEvidence(),
    ...deps,
  });
  return { outcome: await handler(email.payload.parse(payload), run), sent };
};
