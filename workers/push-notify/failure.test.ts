import { expect, test } from "vitest";
import { PermanentError, ProviderError, RateLimitedError } from "../core/index.ts";
import { classifyPushError, type Facts } from "./failure.ts";

const failed = (facts: Partial<Facts>) =>
  Object.assign(new Error(`FCM: ${facts.code}`), {
    name: "PushError",
    ...{ code: "messaging/unknown-error", reason: undefined, status: undefined, isDeviceQuota: false },
    ...{ retryAfter: undefined, namesToken: false },
    ...facts,
  });

test.each([
  [{ code: "messaging/registration-token-not-registered", status: 404 }],
  [{ code: "messaging/installation-id-not-registered", status: 404 }],
  [{ code: "messaging/invalid-argument", status: 400, namesToken: true }],
])("%j is about the token", (facts) => {
  expect(classifyPushError(failed(facts), true)).toEqual({ about: "token" });
});

test.each([
  [{ code: "messaging/invalid-argument", status: 400 }],
  [{ code: "messaging/payload-size-limit-exceeded", status: 400 }],
  [{ code: "messaging/unknown-error", status: 413 }],
])("%j is about the push", (facts) => {
  expect(classifyPushError(failed(facts), true)).toEqual({
    about: "push",
    error: expect.any(PermanentError),
  });
});

test.each([
  [{ code: "messaging/internal-error", status: 500 }],
  [{ code: "push/timeout" }],
  [{ code: "app/network-error" }],
  [{ code: "messaging/third-party-auth-error", reason: "THIRD_PARTY_AUTH_ERROR", status: 401 }],
  [{ code: "messaging/mismatched-credential", reason: "SENDER_ID_MISMATCH", status: 403 }],
  [{ code: "messaging/registration-token-not-registered", reason: "NOT_FOUND", status: 404 }],
  [{ code: "messaging/message-rate-exceeded", status: 429, retryAfter: 7_000, isDeviceQuota: true }],
])("%j is about the device, while others pass", (facts) => {
  expect(classifyPushError(failed(facts), true)).toEqual({
    about: "device",
    error: expect.any(ProviderError),
  });
});

test.each([
  [{ status: 429, retryAfter: 7_000 }, 7_000],
  [{ status: 503, retryAfter: 7_000 }, 7_000],
  [{ status: 429 }, 60_000],
  [{ status: 503 }, 60_000],
  [{ status: 429, retryAfter: 0 }, 1_000],
  [{ status: 503, retryAfter: 86_400_000 }, 3_600_000],
])("%j pauses all pushes for %d ms, without an alert", (facts, ms) => {
  const failure = classifyPushError(failed(facts), true);
  expect(failure).toEqual({ about: "all", error: expect.any(RateLimitedError) });
  expect(failure).toMatchObject({ error: { ms, alert: undefined } });
});

test.each([
  [{ code: "app/invalid-credential" }],
  [{ code: "messaging/authentication-error", status: 401 }],
  [{ code: "messaging/third-party-auth-error", reason: "UNAUTHENTICATED", status: 401 }],
  [{ code: "messaging/mismatched-credential", reason: "PERMISSION_DENIED", status: 403 }],
])("%j pauses all pushes with an alert", (facts) => {
  const failure = classifyPushError(failed(facts), true);
  expect(failure).toMatchObject({ about: "all", error: { ms: 60_000, alert: expect.any(String) } });
});

test("a token of another project pauses all pushes only if no push passes", () => {
  const failure = failed({
    code: "messaging/mismatched-credential",
    reason: "SENDER_ID_MISMATCH",
    status: 403,
  });
  expect(classifyPushError(failure, false)).toMatchObject({
    about: "all",
    error: { alert: expect.any(String) },
  });
});

test("a project that does not exist pauses all pushes, and removes no token", () => {
  const facts = { code: "messaging/registration-token-not-registered", reason: "NOT_FOUND", status: 404 };
  expect(classifyPushError(failed(facts), false)).toMatchObject({
    about: "all",
    error: { alert: expect.any(String) },
  });
});

test("an error without facts is retried", () => {
  const error = new TypeError("ours");
  expect(classifyPushError(error, true)).toEqual({ about: "device", error });
});
