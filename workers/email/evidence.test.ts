import { beforeEach, expect, test } from "vitest";
import { createEvidence } from "./evidence.ts";

let now = 0;
let evidence: ReturnType<typeof createEvidence>;
beforeEach(() => {
  now = 0;
  evidence = createEvidence(() => now);
});

const refuse = (recipient: string, kind = "DATA") => evidence.begin(recipient).refused(kind);
const accept = (recipient: string) => evidence.begin(recipient).accepted();
/** The milliseconds of a pause, for each of these recipients in turn. */
const pauses = (recipients: string) => recipients.split("").map((each) => refuse(each).pause());

test("others pass if one was sent and accepted since the recipient was first refused", () => {
  accept("a");
  expect(refuse("b").othersPass).toBe(false);
  expect(refuse("b").othersPass).toBe(false);
  accept("a");
  expect(refuse("b").othersPass).toBe(true);
  expect(refuse("b", "RCPT TO").othersPass).toBe(false);
});

test("a mail that was in progress when another was refused is no evidence", () => {
  const inProgress = evidence.begin("a");
  refuse("b");
  inProgress.accepted();
  expect(refuse("b").othersPass).toBe(false);
});

test("an accepted mail to a recipient ends what is known about this recipient", () => {
  refuse("a");
  accept("a");
  expect(refuse("a").othersPass).toBe(false);
});

test("the third recipient in a row begins a pause, and the mails in progress do not", () => {
  expect(pauses("abcde")).toEqual([0, 0, 5_000, 0, 0]);
});

test("one recipient is not every mail", () => {
  expect(pauses("aaaaa")).toEqual([0, 0, 0, 0, 0]);
});

test("refusals of another command are not in the row", () => {
  refuse("a", "RCPT TO");
  expect(pauses("bc")).toEqual([0, 0]);
});

test("an accepted mail ends the row", () => {
  pauses("ab");
  accept("c");
  expect(pauses("de")).toEqual([0, 0]);
});

test("pauses double up to a minute until a mail is accepted", () => {
  pauses("ab");
  const lengths = [1, 2, 3, 4, 5, 6].map(() => {
    now += 60_000;
    return refuse("c").pause();
  });
  expect(lengths).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  now += 60_000;
  accept("d");
  expect(pauses("efg")).toEqual([0, 0, 5_000]);
});

test("refusals that are longer ago than any backoff do not count", () => {
  pauses("ab");
  now += 900_000;
  expect(refuse("c").pause()).toBe(0);
});

test("remembers the latest thousand refusals", () => {
  refuse("first");
  for (let n = 0; n < 1_000; n++) refuse(`${n}`);
  accept("other");
  expect(refuse("first").othersPass).toBe(false);
  expect(refuse("500").othersPass).toBe(true);
});
