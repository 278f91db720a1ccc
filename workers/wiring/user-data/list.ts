import type { PurgedBatch } from "../../core/index.ts";
import * as account from "./read-account.ts";
import * as files from "./read-files.ts";
import * as projects from "./read-projects.ts";
import type { UserTable } from "./read-rows.ts";
import * as work from "./read-work.ts";

/** One kind of data of a user: what an export contains of it, and how it is deleted. */
export interface UserData {
  /** Its name in documents and receipts. */
  name: string;
  /** The tables whose rows it covers. */
  tables: readonly string[];
  /** What an export contains. */
  read?: readonly UserTable[];
  /** Why it is in no export, or what of it. */
  notExported?: string;
  /** Deletes or anonymises a batch of rows or objects in a transaction of its own. */
  remove?(removal: never, after: string | undefined): Promise<PurgedBatch>;
}

/**
 * All data of a user, in the order in which a deletion removes it. Every table that refers to a user, also through
 * others, must be in an entry, and every column must be exported or say why not: test/flows/user-data.test.ts.
 */
export const userData: readonly UserData[] = [
  { name: "sessions", tables: ["Session"], read: [account.sessions] },
  { name: "browsers", tables: ["Device"], read: [account.browsers] },
  { name: "pushDevices", tables: ["PushDevice"], read: [account.pushDevices] },
  {
    name: "links",
    tables: ["EmailVerification", "PasswordReset"],
    notExported: "They are hashes of links in mails, which are deleted within hours.",
  },
  { name: "choices", tables: ["NotificationChoice"], read: [account.choices] },
  {
    name: "idempotencyKeys",
    tables: ["IdempotencyKey"],
    notExported: "They are copies of responses to repeated requests, which are deleted after a day.",
  },
  {
    name: "notifications",
    tables: ["Notification", "NotificationFeed"],
    read: [account.notifications],
    notExported: "The feed only counts the notifications.",
  },
  {
    name: "exports",
    tables: ["AccountExport"],
    read: [files.exports],
    notExported: "The files of other exports.",
  },
  { name: "uploads", tables: ["Upload", "UploadFile"], read: [files.uploads, files.uploadFiles] },
  { name: "reports", tables: ["Report"], read: [files.reports] },
  { name: "schedules", tables: ["Schedule"], read: [work.schedules] },
  {
    name: "projects",
    tables: [
      ...["Project", "ProjectMember", "ProjectSuccessor", "Invitation", "Sprint", "Task", "TaskChange"],
      ...["Comment", "Report", "Schedule"],
    ],
    read: [
      ...[projects.ownedProjects, projects.members, projects.successors, projects.projectInvitations],
      ...[projects.sprints, projects.tasks, projects.taskChanges, projects.projectComments],
    ],
    notExported: "Reports and schedules of other members, which only they may read.",
  },
  {
    name: "memberships",
    tables: ["ProjectMember", "ProjectSuccessor"],
    read: [work.memberships, work.successions],
  },
  { name: "assignments", tables: ["Task"], read: [work.assignments] },
  { name: "createdTasks", tables: ["Task"], read: [work.createdTasks] },
  { name: "comments", tables: ["Comment"], read: [work.comments] },
  { name: "invitations", tables: ["Invitation"], read: [work.invitations] },
  { name: "actedOn", tables: ["Notification"], read: [account.actedOn] },
  { name: "account", tables: ["User", "AccountDeletion"], read: [account.profile, account.deletion] },
];
