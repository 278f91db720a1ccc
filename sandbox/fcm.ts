import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { Router } from "express";
import { z } from "zod";
import type { Outage } from "./outage.ts";
import type { Call, Phones } from "./phones.ts";

/** Milliseconds until a slow provider responds. */
const SLOW = 3_000;
/** Seconds. */
const RETRY_AFTER = "2";
/** Bytes, of what the device gets. */
const LARGEST = 4_096;

const text = z.string().default("");
const message = z.object({
  token: z.string().min(1),
  notification: z.object({ title: text, body: text }).prefault({}),
  data: z.object({ eventId: text, sequence: text, kind: text, url: text }).prefault({}),
  android: z.object({}).optional(),
  apns: z.object({}).optional(),
  webpush: z.object({}).optional(),
});

interface Refusal {
  status: number;
  /** FCM's code. */
  reason: string;
  retryAfter?: string;
  /** The field that is wrong. */
  field?: string;
}

/** Firebase Cloud Messaging: the one request that its SDK sends, and the phones that receive. */
export const createFcm = (phones: Phones, outage: Outage): Router =>
  Router().post("/projects/:project/messages\\:send", async (request, response) => {
    const { data } = z.object({ message }).safeParse(request.body);
    const call = phones.begin(data?.message.token ?? "", data?.message.data.eventId ?? "");
    const answer = (status: number, body: object, headers: Record<string, string> = {}) => {
      Object.assign(call, { status, answeredAt: Date.now() } satisfies Partial<Call>);
      response.status(status).set(headers).json(body);
    };
    const refusal = data ? refusalOf(data.message, outage.now.push) : INVALID;
    if (refusal) {
      const { status, retryAfter } = refusal;
      if (retryAfter === undefined) return answer(status, problem(refusal));
      return answer(status, problem(refusal), { "Retry-After": retryAfter });
    }
    const isSlow = outage.now.push === "slow" || data?.message.token.startsWith("slow-");
    if (isSlow) await wait(SLOW, undefined, { ref: false });
    if (data) deliver(phones, data.message);
    if (outage.now.push === "hang") return;
    answer(200, { name: `projects/${request.params.project}/messages/${randomUUID()}` });
  });

const INVALID: Refusal = { status: 400, reason: "INVALID_ARGUMENT", field: "message" };
const GONE: Refusal = { status: 404, reason: "UNREGISTERED" };

const outages: Partial<Record<Outage["now"]["push"], Refusal>> = {
  refuse: { status: 503, reason: "UNAVAILABLE", retryAfter: RETRY_AFTER },
  limit: { status: 429, reason: "QUOTA_EXCEEDED", retryAfter: RETRY_AFTER },
  reject: GONE,
  credentials: { status: 401, reason: "UNAUTHENTICATED" },
};

/** Tokens that the provider refuses, by how they begin, so that one device fails among others. */
const tokens: Record<string, Refusal> = {
  "gone-": GONE,
  "invalid-": { status: 400, reason: "INVALID_ARGUMENT", field: "message.token" },
  "foreign-": { status: 403, reason: "SENDER_ID_MISMATCH" },
  "broken-": { status: 500, reason: "INTERNAL" },
};

const refusalOf = (sent: z.output<typeof message>, mode: Outage["now"]["push"]): Refusal | undefined => {
  const [, ofToken] = Object.entries(tokens).find(([start]) => sent.token.startsWith(start)) ?? [];
  const size = Buffer.byteLength(JSON.stringify([sent.notification, sent.data]));
  return outages[mode] ?? ofToken ?? (size > LARGEST ? INVALID : undefined);
};

const deliver = (phones: Phones, { token, notification, data, ...rest }: z.output<typeof message>) => {
  const platform = rest.android ? "ANDROID" : rest.apns ? "IOS" : rest.webpush ? "WEB" : null;
  const { eventId, sequence, kind, url } = data;
  const place = sequence === "" ? null : Number(sequence);
  phones.deliver(token, platform, { ...notification, eventId, sequence: place, kind, url });
};

const problem = ({ status, reason, field }: Refusal) => ({
  error: {
    code: status,
    message: `the sandbox refuses this push: ${reason}`,
    status: STATUS[status] ?? reason,
    details: [
      ...(status === 401
        ? []
        : [{ "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", errorCode: reason }]),
      ...(field
        ? [
            {
              "@type": "type.googleapis.com/google.rpc.BadRequest",
              fieldViolations: [{ field, description: "invalid" }],
            },
          ]
        : []),
    ],
  },
});

/** Google's names of HTTP statuses, where they differ from FCM's codes. */
const STATUS: Record<number, string> = {
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  429: "RESOURCE_EXHAUSTED",
};
