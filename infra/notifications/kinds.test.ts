import { expect, test } from "vitest";
import { mails } from "../../workers/email/mails.ts";
import { isKind, kinds, mailAbout, type Kind } from "./kinds.ts";

const [id, userId, recordId] = ["notification", "user", "record"];

test("a kind with a template of its name is mailed with it, and every other one with the general one", () => {
  const templates = Object.fromEntries(
    Object.keys(kinds).map((kind) => [kind, mailAbout(id, { userId, kind: kind as Kind, recordId })]),
  );
  for (const [kind, mail] of Object.entries(templates))
    expect(mail).toEqual(
      Object.hasOwn(mails, kind)
        ? { template: kind, userId, recordId }
        : { template: "notification", userId, recordId: id },
    );
});

test("a kind without a record has the general mail", () => {
  expect(mailAbout(id, { userId, kind: "report-ready" })).toEqual({
    ...{ template: "notification", userId, recordId: id },
  });
});

test("only kinds are kinds", () => {
  expect(["mention", "toString", "", "Mention"].map(isKind)).toEqual([true, false, false, false]);
});
