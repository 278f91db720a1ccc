/**
 * FCM did not accept a push. Holds codes and no text of FCM's: its responses may repeat the token. So `cause` is never
 * set.
 */
export class PushError extends Error {
  override name = "PushError";
  /** The SDK's code, such as messaging/server-unavailable; `push/timeout` without a response in time. */
  readonly code: string;
  /** FCM's own code, such as UNREGISTERED. Undefined without a response. */
  readonly reason: string | undefined;
  /** The HTTP status. Undefined without a response. */
  readonly status: number | undefined;
  /** Milliseconds, from the Retry-After header. */
  readonly retryAfter: number | undefined;
  /** Whether FCM names the token as what is invalid. */
  readonly namesToken: boolean;
  /** Whether the quota that is exceeded is that of a device. */
  readonly isDeviceQuota: boolean;

  constructor(
    code: string,
    facts: Partial<Pick<PushError, "reason" | "status" | "retryAfter" | "namesToken" | "isDeviceQuota">> = {},
  ) {
    super(`FCM: ${[code, facts.reason, facts.status].filter((fact) => fact !== undefined).join(" ")}`);
    this.code = code;
    this.reason = facts.reason;
    this.status = facts.status;
    this.retryAfter = facts.retryAfter;
    this.namesToken = facts.namesToken ?? false;
    this.isDeviceQuota = facts.isDeviceQuota ?? false;
  }
}

interface SdkError {
  code?: unknown;
  message?: string;
  httpResponse?: { status?: number; headers?: Record<string, unknown>; data?: unknown };
  cause?: unknown;
}

/** The facts of an error of firebase-admin, without its response, its request and its causes. */
export const toPushError = (error: unknown): PushError => {
  if (error instanceof PushError) return error;
  const { code, httpResponse, cause } = (error ?? {}) as SdkError;
  const name = typeof code === "string" && /^[a-z-]+\/[a-z-]+$/.test(code) ? code : "push/unknown";
  // Google's sign-in refused the service account, or could not be reached: the SDK has one code for both.
  if (!httpResponse && name === "app/invalid-credential")
    return new PushError(isRefusal(cause) ? name : "app/network-error", { status: statusOf(cause) });
  const details = detailsOf(httpResponse?.data);
  return new PushError(name, {
    reason: details.reason,
    status: httpResponse?.status,
    retryAfter: retryAfter(httpResponse?.headers?.["retry-after"]),
    namesToken: details.namesToken,
    isDeviceQuota: details.isDeviceQuota,
  });
};

const statusOf = (cause: unknown): number | undefined => {
  const { status, response } = (cause ?? {}) as { status?: unknown; response?: { status?: unknown } };
  return [status, response?.status].find((each) => typeof each === "number");
};

const isRefusal = (cause: unknown): boolean => {
  const status = statusOf(cause) ?? 0;
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
};

/** https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode */
const detailsOf = (
  data: unknown,
): { reason: string | undefined; namesToken: boolean; isDeviceQuota: boolean } => {
  const { error } = (data ?? {}) as { error?: { status?: unknown; message?: unknown; details?: unknown } };
  const details = (Array.isArray(error?.details) ? error.details : []) as {
    errorCode?: unknown;
    fieldViolations?: { field?: unknown }[];
    violations?: { subject?: unknown; description?: unknown }[];
  }[];
  const reason = details.find(({ errorCode }) => typeof errorCode === "string")?.errorCode ?? error?.status;
  const quotas = details.flatMap(({ violations }) => violations ?? []);
  const fields = details.flatMap(({ fieldViolations }) => fieldViolations ?? []);
  return {
    reason: typeof reason === "string" && /^[A-Z_]+$/.test(reason) ? reason : undefined,
    // FCM names the field in some responses, and only in its text in others.
    namesToken:
      fields.some(({ field }) => field === "message.token") ||
      (typeof error?.message === "string" && /registration token/i.test(error.message)),
    isDeviceQuota: quotas.some((quota) =>
      /device/i.test(`${String(quota.subject)} ${String(quota.description)}`),
    ),
  };
};

/** Seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after */
const retryAfter = (header: unknown): number | undefined => {
  if (typeof header !== "string" || header === "") return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
};
