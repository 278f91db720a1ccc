import { PermanentError, ProviderError, RateLimitedError } from "../core/index.ts";

/** The facts of a provider's error that decide. See infra/push/error.ts. */
export interface Facts {
  code: string;
  reason: string | undefined;
  status: number | undefined;
  /** Milliseconds. */
  retryAfter: number | undefined;
  namesToken: boolean;
  /** Whether a 429 is about too many pushes to this device, and not about all of them. */
  isDeviceQuota: boolean;
}

/**
 * What an error is about: the token, which no longer exists; this push; this device, at present; or all pushes, which
 * wait.
 */
export type Failure =
  | { about: "token" }
  | { about: "push"; error: PermanentError }
  | { about: "device"; error: Error }
  | { about: "all"; error: RateLimitedError };

/** Milliseconds. FCM asks for a minute at least if it does not say how long. */
const DEFAULT_PAUSE = 60_000;
/** A date that has passed, or 0, must not make the queue repeat at once. */
const MIN_PAUSE = 1_000;
/** A wrong header must not stop all pushes for days. */
const MAX_PAUSE = 3_600_000;

const ALERT =
  "FCM refuses the service account: check FCM_CREDENTIALS and its permissions. Pushes wait in the queue";
const WRONG_PROJECT =
  "FCM says that tokens belong to another project: check FCM_CREDENTIALS. Pushes wait in the queue";

/**
 * Classifies an error of `send` by its codes. `othersPass`: whether the provider accepts pushes to other devices.
 * https://firebase.google.com/docs/cloud-messaging/error-codes
 */
export const classifyPushError = (error: unknown, othersPass: boolean): Failure => {
  if (!hasFacts(error))
    return { about: "device", error: error instanceof Error ? error : new Error("unknown") };
  const { code, reason, status, retryAfter, namesToken, isDeviceQuota } = error;
  const device = { about: "device", error: new ProviderError(error.message) } as const;
  const pause = (ms: number, alert?: string) =>
    ({
      about: "all",
      error: new RateLimitedError(Math.min(Math.max(ms, MIN_PAUSE), MAX_PAUSE), {
        cause: new ProviderError(error.message),
        ...(alert && { alert }),
      }),
    }) as const;

  if (status === 429 && isDeviceQuota) return device;
  if (status === 429 || status === 503) return pause(retryAfter ?? DEFAULT_PAUSE);
  // A project that does not exist: FCM names the token, as UNREGISTERED, where only that is gone.
  if (reason === "NOT_FOUND") return othersPass ? device : pause(DEFAULT_PAUSE, WRONG_PROJECT);
  if (GONE.has(code) || (code === "messaging/invalid-argument" && namesToken)) return { about: "token" };
  if (PUSH.has(code) || status === 413) return { about: "push", error: new PermanentError(error.message) };
  // Certificates for one platform, such as those of APNs. The other platforms work.
  if (reason === "THIRD_PARTY_AUTH_ERROR" || reason === "APNS_AUTH_ERROR") return device;
  // Anyone can register a token of another project, so that one alone proves nothing.
  if (reason === "SENDER_ID_MISMATCH") return othersPass ? device : pause(DEFAULT_PAUSE, WRONG_PROJECT);
  if (CREDENTIALS.has(code) || status === 401 || status === 403) return pause(DEFAULT_PAUSE, ALERT);
  return device;
};

const GONE = new Set([
  "messaging/registration-token-not-registered",
  "messaging/installation-id-not-registered",
  "messaging/invalid-registration-token",
]);

const PUSH = new Set([
  "messaging/invalid-argument",
  "messaging/invalid-payload",
  "messaging/invalid-options",
  "messaging/payload-size-limit-exceeded",
]);

const CREDENTIALS = new Set([
  "app/invalid-credential",
  "messaging/authentication-error",
  "messaging/mismatched-credential",
  "messaging/third-party-auth-error",
]);

const hasFacts = (error: unknown): error is Error & Facts =>
  error instanceof Error && error.name === "PushError";
