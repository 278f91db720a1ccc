import { randomUUID } from "node:crypto";
import { Agent, type AgentOptions } from "node:https";
import { connect } from "node:net";
import type { AppOptions } from "firebase-admin/app";
import type { Messaging } from "firebase-admin/messaging";
import { PushError, toPushError } from "./error.ts";
import { toMessage, type Push } from "./message.ts";
import type { ServiceAccount } from "./service-account.ts";

/** Google's FCM, or the sandbox's at the URL. */
export type Target = { account: ServiceAccount } | { sandbox: string };

/** Milliseconds for one push. */
const TIMEOUT = 10_000;

/**
 * A client of Firebase Cloud Messaging. firebase-admin is loaded here, so that only processes that send pushes hold it.
 * It connects with the first push.
 */
export const createFcm = async (target: Target) => {
  const { cert, deleteApp, initializeApp } = await import("firebase-admin/app");
  const { getMessaging } = await import("firebase-admin/messaging");
  const agent = "sandbox" in target ? new PlainAgent(target.sandbox) : new Agent(KEEP_ALIVE);
  const options: AppOptions =
    "sandbox" in target
      ? { projectId: "offstage-sandbox", credential: sandboxCredential }
      : { projectId: target.account.projectId, credential: cert(target.account) };
  const app = initializeApp({ ...options, httpAgent: agent }, randomUUID());
  const messaging = withoutRetries(getMessaging(app));

  return {
    /**
     * Resolves when FCM has accepted the push. A push that has failed without a response may have been accepted.
     * It is one request: the SDK's `send` uses HTTP/1.1 and this agent.
     * @throws PushError; the reason of the signal when it aborts
     */
    send: async (push: Push, signal: AbortSignal): Promise<void> => {
      signal.throwIfAborted();
      await withDeadline(messaging.send(toMessage(push)), signal).catch((error: unknown) => {
        signal.throwIfAborted();
        throw toPushError(error);
      });
    },
    /** Ends its connections. */
    close: (): void => {
      void deleteApp(app);
      agent.destroy();
    },
  };
};

const KEEP_ALIVE: AgentOptions = { keepAlive: true, maxFreeSockets: 20, timeout: 15_000 };

/** The SDK calls https://fcm.googleapis.com regardless of its options. Here the sandbox receives it, without TLS. */
class PlainAgent extends Agent {
  readonly #url: URL;

  constructor(url: string) {
    super(KEEP_ALIVE);
    this.#url = new URL(url);
  }

  override createConnection() {
    return connect(Number(this.#url.port || 80), this.#url.hostname);
  }
}

const sandboxCredential = { getAccessToken: async () => ({ access_token: "sandbox", expires_in: 3_600 }) };

interface Internals {
  messagingRequestHandler?: { httpClient?: { retry?: { maxRetries: number } } };
}

/**
 * The SDK repeats a push up to four times when the response is 503 or the connection breaks, the first time at once,
 * and waits for up to 60 s each time. It has no setting for that. Here the queue waits and repeats instead, where
 * Retry-After applies to every push, and where a slow one does not hold its place.
 * @throws TypeError if a version of the SDK has moved what this changes
 */
const withoutRetries = (messaging: Messaging): Messaging => {
  const { retry } = (messaging as unknown as Internals).messagingRequestHandler?.httpClient ?? {};
  if (retry?.maxRetries === undefined) throw new TypeError("firebase-admin's retries cannot be switched off");
  retry.maxRetries = 0;
  return messaging;
};

/** The SDK cannot abort a request: it ends by itself after 15 s of silence. */
const withDeadline = async <Result>(sending: Promise<Result>, signal: AbortSignal): Promise<Result> => {
  const late = Promise.withResolvers<never>();
  const fail = () => late.reject(new PushError("push/timeout"));
  const timer = setTimeout(fail, TIMEOUT);
  signal.addEventListener("abort", fail, { once: true });
  try {
    return await Promise.race([sending, late.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", fail);
  }
};
