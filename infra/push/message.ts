import type { Message } from "firebase-admin/messaging";

export type Platform = "ANDROID" | "IOS" | "WEB";

/** A notification for one device. */
export interface Push {
  token: string;
  platform: Platform;
  /** The same at every repetition of one event, so that clients drop duplicates. At most 64 bytes. */
  eventId: string;
  /** The place of the event among those of its user. */
  sequence: number;
  kind: string;
  title: string;
  text: string;
  /** The page that it opens, absolute. */
  url: string;
  /** Milliseconds that FCM keeps it for a device that is not connected. At most four weeks. */
  ttl: number;
}

/** Characters. FCM accepts 4,096 bytes in all, and a character in JSON takes up to 6. */
const LONGEST_TITLE = 100;
const LONGEST_TEXT = 300;

/**
 * A push as FCM takes it. The event's id is also the collapse key on each platform: a repetition replaces what the
 * device shows already.
 */
export const toMessage = (push: Push): Message => {
  const { token, eventId, sequence, kind, url } = push;
  return {
    token,
    notification: { title: shorten(push.title, LONGEST_TITLE), body: shorten(push.text, LONGEST_TEXT) },
    data: { eventId, sequence: String(sequence), kind, url },
    ...forPlatform[push.platform](push),
  };
};

const forPlatform: Record<Platform, (push: Push) => Partial<Message>> = {
  ANDROID: ({ eventId, ttl }) => ({
    android: { collapseKey: eventId, ttl, priority: "high", notification: { tag: eventId } },
  }),
  IOS: ({ eventId, ttl }) => ({
    apns: {
      headers: {
        "apns-collapse-id": eventId,
        "apns-expiration": String(Math.floor((Date.now() + ttl) / 1_000)),
        "apns-priority": "10",
      },
    },
  }),
  WEB: ({ eventId, ttl, url }) => ({
    webpush: {
      // RFC 8030 allows 32 characters.
      headers: { TTL: String(Math.floor(ttl / 1_000)), Topic: eventId.replaceAll("-", "").slice(0, 32) },
      notification: { tag: eventId },
      // FCM accepts https links only.
      ...(url.startsWith("https:") && { fcmOptions: { link: url } }),
    },
  }),
};

const shorten = (text: string, longest: number) =>
  text.length > longest
    ? `${text
        .slice(0, longest - 1)
        .toWellFormed()
        .replace(/\ufffd$/, "")}…`
    : text.toWellFormed();
