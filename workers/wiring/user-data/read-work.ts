import type { UserTable } from "./read-rows.ts";

/** What a user did, or is to do, in any project. Of one that the user has left, only what the user has written. */
const membership = (projectId: string) =>
  `LEFT JOIN "ProjectMember" m ON m."projectId" = ${projectId} AND m."userId" = $1::uuid
   LEFT JOIN "Project" p ON p.id = m."projectId"`;
const whileMember = (sql: string) => `CASE WHEN m."userId" IS NOT NULL THEN ${sql} END`;

const task: UserTable["columns"] = [
  ...(["id", "projectId", ["project", "p.name"], ["title", whileMember("t.title")]] as const),
  ...([
    ["description", whileMember("t.description")],
    ["state", whileMember("t.state::text")],
  ] as const),
  ...([["dueOn", whileMember(`t."dueOn"::text`)], "createdAt"] as const),
];

export const memberships: UserTable = {
  ...{ file: "memberships", title: "Memberships", about: "The projects that you are a member of." },
  table: "ProjectMember",
  columns: ["projectId", ["project", "p.name"], ["role", "t.role::text"], "createdAt"],
  join: `JOIN "Project" p ON p.id = t."projectId"`,
  where: `t."userId" = $1::uuid`,
  key: [[`t."projectId"`, "uuid"]],
};

export const successions: UserTable = {
  ...{ file: "successions", title: "Successions" },
  about: "The projects that you take over if the account of their owner is deleted.",
  table: "ProjectSuccessor",
  columns: ["projectId"],
  where: `t."userId" = $1::uuid`,
  key: [[`t."projectId"`, "uuid"]],
};

export const schedules: UserTable = {
  ...{ file: "schedules", title: "Schedules", about: "The reports that you get regularly." },
  table: "Schedule",
  columns: [
    ...([
      "id",
      "projectId",
      ["project", "p.name"],
      ["cadence", "t.cadence::text"],
      "hour",
      "minute",
    ] as const),
    ...["weekday", "dayOfMonth", "zone", "attach", "paused", "nextRunAt", "lastRunAt", "createdAt"],
  ],
  omitted: {
    userId: "it is the same in all rows",
    name: "only for those of the system",
    minutes: "only for those of the system",
    job: "technical",
    payload: "technical",
    lastSlot: "technical",
    missed: "technical",
  },
  join: membership(`t."projectId"`),
  where: `t."userId" = $1::uuid`,
};

export const assignments: UserTable = {
  ...{
    file: "assigned-tasks",
    title: "Tasks assigned to you",
    about: "The tasks of any project that you are to do.",
  },
  table: "Task",
  columns: task,
  join: membership(`t."projectId"`),
  where: `t."assigneeId" = $1::uuid`,
};

export const createdTasks: UserTable = {
  ...{
    file: "created-tasks",
    title: "Tasks that you created",
    about: "The tasks of any project that you have created.",
  },
  table: "Task",
  columns: task,
  join: membership(`t."projectId"`),
  where: `t."creatorId" = $1::uuid`,
};

export const comments: UserTable = {
  ...{ file: "comments", title: "Your comments", about: "What you have written on tasks, in any project." },
  table: "Comment",
  columns: [
    ...["id", "taskId"],
    ...([["project", "p.name"], ["task", whileMember("k.title")], "body", "createdAt", "editedAt"] as const),
  ],
  join: `JOIN "Task" k ON k.id = t."taskId" ${membership(`k."projectId"`)}`,
  where: `t."authorId" = $1::uuid`,
};

export const invitations: UserTable = {
  ...{ file: "sent-invitations", title: "Invitations that you sent" },
  about: "Whom you have invited to projects, where the invitation was not accepted yet.",
  table: "Invitation",
  columns: [
    ...(["id", "projectId", ["project", "p.name"], "email", "shownEmail", ["role", "t.role::text"]] as const),
    ...["createdAt", "expiresAt"],
  ],
  join: membership(`t."projectId"`),
  where: `t."invitedById" = $1::uuid`,
};
