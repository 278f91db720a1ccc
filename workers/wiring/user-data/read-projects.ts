import type { UserTable } from "./read-rows.ts";

/** Everything in the projects that a user owns, with the names of the people in them, as their owner sees it. */
const OF_PROJECT = `t."projectId" = $1::uuid`;

export const ownedProjects: UserTable = {
  ...{ file: "projects/projects", title: "Projects", about: "The projects that you own." },
  table: "Project",
  columns: ["id", "name", "description", "createdAt"],
  per: "project",
  where: "t.id = $1::uuid",
};

export const members: UserTable = {
  ...{ file: "projects/members", title: "Members", about: "The members of the projects that you own." },
  table: "ProjectMember",
  columns: ["projectId", "userId", ["name", "u.name"], ["role", "t.role::text"], "createdAt"],
  join: `JOIN "User" u ON u.id = t."userId"`,
  per: "project",
  where: OF_PROJECT,
  key: [[`t."userId"`, "uuid"]],
};

export const successors: UserTable = {
  ...{ file: "projects/successors", title: "Successors" },
  about: "Who takes over a project of yours if you delete your account, where you have chosen somebody.",
  table: "ProjectSuccessor",
  columns: ["projectId", "userId", ["name", "u.name"]],
  join: `JOIN "User" u ON u.id = t."userId"`,
  per: "project",
  where: OF_PROJECT,
  key: [[`t."projectId"`, "uuid"]],
};

export const projectInvitations: UserTable = {
  ...{ file: "projects/invitations", title: "Open invitations" },
  about: "The invitations to the projects that you own, which were not accepted yet.",
  table: "Invitation",
  columns: [
    ...([
      "id",
      "projectId",
      "email",
      "shownEmail",
      ["role", "t.role::text"],
      "createdAt",
      "expiresAt",
    ] as const),
    ["invitedBy", "u.name"],
  ],
  omitted: { tokenHash: "the hash of a secret", invitedById: "exported as the name" },
  join: `LEFT JOIN "User" u ON u.id = t."invitedById"`,
  per: "project",
  where: OF_PROJECT,
  key: [["t.email", "text"]],
};

export const sprints: UserTable = {
  ...{ file: "projects/sprints", title: "Sprints", about: "The sprints of the projects that you own." },
  table: "Sprint",
  columns: [
    ...["id", "projectId", "name"],
    ...([["startsOn", `t."startsOn"::text`], ["endsOn", `t."endsOn"::text`], "createdAt"] as const),
  ],
  per: "project",
  where: OF_PROJECT,
  key: [
    [`t."startsOn"`, "date"],
    ["t.id", "uuid"],
  ],
};

export const tasks: UserTable = {
  ...{ file: "projects/tasks", title: "Tasks", about: "The tasks of the projects that you own." },
  table: "Task",
  columns: [
    ...(["id", "projectId", "title", "description", ["state", "t.state::text"], "sprintId"] as const),
    ...(["assigneeId", ["assignee", "a.name"], "creatorId", ["creator", "c.name"]] as const),
    ...([["dueOn", `t."dueOn"::text`], "estimate", "createdAt", "startedAt", "completedAt"] as const),
  ],
  join: `LEFT JOIN "User" a ON a.id = t."assigneeId" LEFT JOIN "User" c ON c.id = t."creatorId"`,
  per: "project",
  where: OF_PROJECT,
};

export const taskChanges: UserTable = {
  ...{ file: "projects/task-changes", title: "History of tasks" },
  about: "What each task of the projects that you own was after each of its changes.",
  table: "TaskChange",
  columns: ["id", "projectId", "taskId", "at", ["state", "t.state::text"], "sprintId", "estimate"],
  per: "project",
  where: OF_PROJECT,
  key: [
    ["t.at", "timestamptz"],
    ["t.id", "uuid"],
  ],
};

export const projectComments: UserTable = {
  ...{ file: "projects/comments", title: "Comments in your projects" },
  about: "All comments on the tasks of the projects that you own.",
  table: "Comment",
  columns: ["id", "taskId", "authorId", ["author", "u.name"], "body", "createdAt", "editedAt"],
  join: `JOIN "Task" k ON k.id = t."taskId" LEFT JOIN "User" u ON u.id = t."authorId"`,
  per: "project",
  where: `k."projectId" = $1::uuid`,
  key: [
    ["k.id", "uuid"],
    ["t.id", "uuid"],
  ],
};
