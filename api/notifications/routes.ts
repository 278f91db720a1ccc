import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { eventStream } from "../http/event-stream.ts";
import { id } from "../http/fields.ts";
import { pageOf } from "../http/pagination.ts";
import { Problem } from "../http/problem.ts";
import { markOne, markUpTo } from "./mark-read.ts";
import { countUnread, readBefore } from "./read.ts";
import { notification, notificationQuery, unread, upTo } from "./shapes.ts";

/** Lists notifications, marks them as read, and sends new ones as events. */
export const notificationRoutes = ({ prisma, streams }: AppDeps) => {
  const unreadOf = async (userId: string) => {
    const counts = await countUnread(prisma, [userId]);
    return { unread: counts.get(userId) ?? 0 };
  };

  return [
    route(
      {
        method: "get",
        path: "/v1/notifications",
        summary: "List your notifications, newest first",
        access: "user",
        query: notificationQuery,
        status: 200,
        response: pageOf(notification).extend(unread.shape),
      },
      async ({ session: { userId }, query: { cursor, limit } }) => {
        const found = await readBefore(prisma, { userId, before: cursor, limit: limit + 1 });
        const items = found.slice(0, limit);
        const next = found.length > limit ? String(items.at(-1)?.sequence) : null;
        return { items, next, ...(await unreadOf(userId)) };
      },
    ),

    route(
      {
        method: "post",
        path: "/v1/notifications/read",
        summary: "Mark your notifications up to a sequence number as read",
        access: "user",
        body: upTo,
        status: 200,
        response: unread,
      },
      async ({ session: { userId }, body, transaction }) => {
        await markUpTo(transaction, userId, body.upTo);
        return unreadOf(userId);
      },
    ),

    route(
      {
        method: "post",
        path: "/v1/notifications/:id/read",
        summary: "Mark a notification as read",
        access: "user",
        params: id,
        status: 200,
        response: unread,
      },
      async ({ session: { userId }, params, transaction }) => {
        if (!(await markOne(transaction, userId, params.id))) throw new Problem("not-found");
        return unreadOf(userId);
      },
    ),

    route(
      {
        method: "get",
        path: "/v1/events",
        summary: "Follow your notifications; with Last-Event-ID, from the one after that",
        access: "user",
        status: 200,
        response: eventStream,
        events: { notification, unread },
      },
      async ({ session, request }) =>
        (stream) =>
          streams.add(stream, { ...session, lastEventId: sequenceOf(request.get("Last-Event-ID")) }),
    ),
  ];
};

/** Undefined for what this API has not sent as an id. */
const sequenceOf = (text = "") => (/^\d{1,10}$/.test(text) ? Number(text) : undefined);
