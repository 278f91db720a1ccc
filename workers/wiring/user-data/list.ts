import * as account from "./read-account.ts";
import * as files from "./read-files.ts";
import * as projects from "./read-projects.ts";
import type { UserTable } from "./read-rows.ts";
import * as work from "./read-work.ts";
import { inTurn, type Remove } from "./removal.ts";
import { removeExports, removeReports, removeUploads } from "./remove-files.ts";
import { removeJobsOfUser, removeSchedules } from "./remove-jobs.ts";
import { removeMemberships } from "./remove-memberships.ts";
import { removeProjects } from "./remove-projects.ts";
import { anonymiseRows, byId, deleteRows } from "./rows.ts";

/** One kind of data of a user: what an export contains of it, and how a deletion removes it. */
export interface UserData {
  /** Its name in documents. */
  name: string;
  /** The columns that name the user. A deletion ends when none does any more. */
  references: readonly [table: string, column: string][];
  /** Further tables whose rows belong to it. */
  parts?: readonly string[];
  /** What an export contains. */
  read?: readonly UserTable[];
  /** Why it is in no export, or what of it. */
  notExported?: string;
  /** Deletes or anonymises a batch. Absent where the end of the deletion does it. */
  remove?: Remove;
}

/** The tables whose rows an entry covers. */
export const tablesOf = ({ references, parts = [] }: UserData): string[] => [
  ...new Set([...references.map(([table]) => table), ...parts]),
];

const own = (table: string, counted: string) => deleteRows({ table, owner: "userId", counted });

/**
 * All data of a user: one list for exports and deletions. In the order of the deletion: the jobs go first, so that no
 * mail and no push begins; what belongs to others is kept without the user.
 *
 * Every table that refers to a user, also through others, must be in an entry, and every column must be exported or say
 * why not: test/flows/user-data.test.ts and test/flows/account-delete-catalog.test.ts.
 */
export const userData: readonly UserData[] = [
  {
    ...{ name: "jobs", references: [], parts: ["Job"], remove: removeJobsOfUser },
    notExported: "They have only ids, and are deleted within 30 days.",
  },
  {
    ...{ name: "sessions", references: [["Session", "userId"]], read: [account.sessions] },
    remove: own("Session", "sessions"),
  },
  {
    ...{ name: "browsers", references: [["Device", "userId"]], read: [account.browsers] },
    remove: own("Device", "browsers"),
  },
  {
    ...{ name: "pushDevices", references: [["PushDevice", "userId"]], read: [account.pushDevices] },
    remove: own("PushDevice", "pushDevices"),
  },
  {
    name: "links",
    references: [
      ["EmailVerification", "userId"],
      ["PasswordReset", "userId"],
    ],
    notExported: "They are hashes of links in mails, which are deleted within hours.",
    remove: inTurn(own("EmailVerification", "links"), own("PasswordReset", "links")),
  },
  {
    ...{ name: "choices", references: [["NotificationChoice", "userId"]], read: [account.choices] },
    remove: own("NotificationChoice", "choices"),
  },
  {
    ...{ name: "idempotencyKeys", references: [["IdempotencyKey", "userId"]] },
    notExported: "They are copies of responses to repeated requests, which are deleted after a day.",
    remove: own("IdempotencyKey", "idempotencyKeys"),
  },
  {
    name: "notifications",
    references: [
      ["Notification", "userId"],
      ["NotificationFeed", "userId"],
    ],
    read: [account.notifications],
    notExported: "The feed only counts the notifications.",
    remove: inTurn(
      deleteRows({
        ...{ table: "Notification", owner: "userId", counted: "notifications" },
        cursor: { column: "sequence", type: "int" },
      }),
      own("NotificationFeed", "feeds"),
    ),
  },
  {
    ...{ name: "exports", references: [["AccountExport", "userId"]], read: [files.exports] },
    notExported: "The files of other exports.",
    remove: removeExports,
  },
  {
    ...{ name: "uploads", references: [["Upload", "userId"]], parts: ["UploadFile"] },
    ...{ read: [files.uploads, files.uploadFiles], remove: removeUploads },
  },
  {
    ...{ name: "reports", references: [["Report", "userId"]], read: [files.reports] },
    remove: removeReports,
  },
  {
    ...{ name: "schedules", references: [["Schedule", "userId"]], read: [work.schedules] },
    remove: removeSchedules,
  },
  {
    name: "projects",
    references: [],
    parts: [
      ...["Project", "ProjectMember", "ProjectSuccessor", "Invitation", "Sprint", "Task", "TaskChange"],
      ...["Comment", "Report", "Schedule"],
    ],
    read: [
      ...[projects.ownedProjects, projects.members, projects.successors, projects.projectInvitations],
      ...[projects.sprints, projects.tasks, projects.taskChanges, projects.projectComments],
    ],
    notExported: "Reports and schedules of other members, which only they may read.",
    remove: removeProjects,
  },
  {
    ...{ name: "memberships", references: [["ProjectMember", "userId"]], read: [work.memberships] },
    remove: removeMemberships,
  },
  {
    ...{ name: "assignments", references: [["Task", "assigneeId"]], read: [work.assignments] },
    remove: anonymiseRows({ table: "Task", owner: "assigneeId", counted: "assignments", cursor: byId }),
  },
  {
    ...{ name: "createdTasks", references: [["Task", "creatorId"]], read: [work.createdTasks] },
    remove: anonymiseRows({ table: "Task", owner: "creatorId", counted: "createdTasks", cursor: byId }),
  },
  {
    ...{ name: "comments", references: [["Comment", "authorId"]], read: [work.comments] },
    remove: anonymiseRows({
      ...{ table: "Comment", owner: "authorId", counted: "commentsAnonymised", cursor: byId },
    }),
  },
  {
    ...{ name: "invitations", references: [["Invitation", "invitedById"]], read: [work.invitations] },
    remove: anonymiseRows({
      ...{ table: "Invitation", owner: "invitedById", counted: "invitationsAnonymised", cursor: byId },
    }),
  },
  {
    ...{ name: "actedOn", references: [["Notification", "actorId"]], read: [account.actedOn] },
    remove: anonymiseRows({ table: "Notification", owner: "actorId", counted: "actedOn", cursor: byId }),
  },
  {
    ...{ name: "successions", references: [["ProjectSuccessor", "userId"]], read: [work.successions] },
    remove: own("ProjectSuccessor", "successions"),
  },
  {
    ...{ name: "account", references: [], parts: ["User", "AccountDeletion"] },
    read: [account.profile, account.deletion],
  },
];
