import type { Database, Tx } from "../../infra/database.ts";
import { notify } from "../../infra/notifications/notify.ts";
import { hashPassword } from "../../infra/passwords.ts";
import { makeProject, projectId, type ProjectRows } from "./company.ts";
import { type Email, LOGINS, PASSWORD, people } from "./people.ts";
import { projects } from "./projects.ts";

type Prisma = Database["prisma"];

/** Creates the users that do not exist. The others are left unchanged. */
export const insertPeople = async (prisma: Prisma): Promise<number> => {
  const passwordHash = await hashPassword(PASSWORD);
  const verifiedAt = new Date();
  const data = people.map((person) => ({ ...person, passwordHash, verifiedAt }));
  return (await prisma.user.createMany({ data, skipDuplicates: true })).count;
};

/** Gives the users to log in as two phones each, which the sandbox shows with the next push. */
export const insertPhones = async (prisma: Prisma): Promise<void> => {
  const users = await prisma.user.findMany({
    where: { email: { in: LOGINS.map(({ email }) => email) }, pushDevices: { none: {} } },
    select: { id: true, feed: { select: { last: true } } },
  });
  const data = users.flatMap(({ id: userId, feed }) =>
    (["ANDROID", "IOS"] as const).map((platform) => {
      const token = `seed-${platform.toLowerCase()}-${userId}`;
      return { userId, platform, token, sentUpTo: feed?.last ?? 0 };
    }),
  );
  await prisma.pushDevice.createMany({ data, skipDuplicates: true });
};

/** Creates the projects of a seed that do not exist, each whole or not at all. Returns how many, and their tasks. */
export const insertProjects = async (prisma: Prisma, options: { seed: number; until: Date }) => {
  const userId = await findUsers(prisma);
  const done = { projects: 0, tasks: 0 };
  for (const [index, plan] of projects.entries()) {
    if (await prisma.project.findUnique({ where: { id: projectId(options.seed, index) } })) continue;
    const rows = makeProject(plan, index, { ...options, userId });
    await insertRows(prisma, rows);
    done.projects += 1;
    done.tasks += rows.tasks.length;
  }
  return done;
};

const findUsers = async (prisma: Prisma) => {
  const where = { email: { in: people.map(({ email }) => email) } };
  const users = await prisma.user.findMany({ where, select: { id: true, email: true } });
  const ids = new Map(users.map(({ id, email }) => [email, id]));
  return (email: Email): string => {
    const id = ids.get(email);
    if (!id) throw new Error(`There is no user ${email}.`);
    return id;
  };
};

const insertRows = (prisma: Prisma, { project, members, sprints, tasks, changes, comments }: ProjectRows) =>
  prisma.$transaction(
    async (tx) => {
      await tx.project.create({ data: project });
      await tx.projectMember.createMany({ data: members });
      await tx.sprint.createMany({ data: sprints });
      for (const data of chunks(tasks)) await tx.task.createMany({ data });
      for (const data of chunks(changes)) await tx.taskChange.createMany({ data });
      for (const data of chunks(comments)) await tx.comment.createMany({ data });
      await notifyAssignees(tx, tasks);
    },
    { timeout: 60_000 },
  );

/** The newest tasks of each user that are in the list of notifications. */
const NOTIFIED = 3;

/** Without mails and pushes. */
const notifyAssignees = async (tx: Tx, tasks: ProjectRows["tasks"]) => {
  const assigned = Map.groupBy(
    tasks.filter(({ assigneeId, creatorId }) => assigneeId && assigneeId !== creatorId),
    ({ assigneeId }) => assigneeId ?? "",
  );
  for (const [userId, own] of [...assigned].toSorted(([a], [b]) => a.localeCompare(b))) {
    const oldestFirst = own.toSorted((a, b) => timeOf(a) - timeOf(b));
    for (const { id, creatorId, createdAt = new Date() } of oldestFirst.slice(-NOTIFIED)) {
      const actor = creatorId ? { actorId: creatorId } : {};
      const written = await notify(tx, { userId, kind: "task-assigned", recordId: id, ...actor });
      if (written) await tx.notification.update({ where: { id: written.id }, data: { createdAt } });
    }
  }
};

const timeOf = ({ createdAt }: ProjectRows["tasks"][number]) => new Date(createdAt ?? 0).getTime();

/** Small enough for the 65,535 parameters of a statement, and for its five seconds. */
const chunks = <Row>(rows: Row[]): Row[][] =>
  Array.from({ length: Math.ceil(rows.length / 500) }, (_, index) =>
    rows.slice(index * 500, index * 500 + 500),
  );
