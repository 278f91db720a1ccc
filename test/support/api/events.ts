import { randomBytes } from "node:crypto";
import { EventSource } from "eventsource";
import type { Database } from "../../../infra/database.ts";
import { hashToken } from "../../../infra/tokens.ts";

type Prisma = Database["prisma"];

/** A user with a session, without mails or notifications about them. */
export const createViewer = async (prisma: Prisma, name: string) => {
  const { id } = await prisma.user.create({
    data: {
      email: `${name}@example.com`,
      shownEmail: `${name}@example.com`,
      name,
      passwordHash: "",
      verifiedAt: new Date(),
    },
  });
  return { id, ...(await createSession(prisma, id)) };
};

/** A session that a login would create. */
export const createSession = async (prisma: Prisma, userId: string) => {
  const token = randomBytes(32).toString("base64url");
  const session = await prisma.session.create({
    data: {
      userId,
      tokenHash: hashToken(token),
      device: "a test",
      expiresAt: new Date(Date.now() + 3_600_000),
    },
  });
  return { sessionId: session.id, cookie: `session=${token}` };
};

export interface Received {
  name: string;
  id: string;
  data: { sequence?: number; unread?: number; title?: string };
}

/** Follows the events of a user, as a browser does: it reconnects by itself, with Last-Event-ID. */
export const followEvents = (url: string, cookie: string) => {
  const received: Received[] = [];
  const problems: (number | undefined)[] = [];
  const source = new EventSource(`${url}/v1/events`, {
    fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, cookie } }),
  });
  for (const name of ["notification", "unread"])
    source.addEventListener(name, ({ lastEventId, data }) => {
      received.push({ name, id: lastEventId, data: JSON.parse(data) as Received["data"] });
    });
  source.addEventListener("error", ({ code }) => problems.push(code));
  return {
    received,
    /** The status of each response that was not a stream; undefined for each lost connection. */
    problems,
    /** The sequence numbers of the notifications, as they arrived. */
    sequences: () => received.flatMap(({ data }) => data.sequence ?? []),
    get isClosed() {
      return source.readyState === source.CLOSED;
    },
    [Symbol.dispose]: () => source.close(),
  };
};
