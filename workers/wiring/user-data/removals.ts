import { deleteRows, anonymiseRows, byId } from "./rows.ts";
import { inTurn, type Remove } from "./removal.ts";
import { removeExports, removeReports, removeUploads } from "./remove-files.ts";
import { removeJobsOfUser, removeSchedules } from "./remove-jobs.ts";
import { removeMemberships } from "./remove-memberships.ts";
import { removeProjects } from "./remove-projects.ts";

/** One kind of a user's data, as a deletion removes it. */
export interface UserDataRemoval {
  name: string;
  /** The columns that name the user. The deletion ends when none does any more. */
  references: readonly [table: string, column: string][];
  /** Further tables whose rows go with those. */
  parts?: readonly string[];
  remove: Remove;
}

const own = (table: string, counted: string) => deleteRows({ table, owner: "userId", counted });

/**
 * Everything that is a user's, in the order of its deletion. A test compares it with the foreign keys of the database.
 * The jobs go first, so that no mail and no push begins; what belongs to others is kept without the user.
 */
export const removals: readonly UserDataRemoval[] = [
  { name: "jobs", references: [], parts: ["Job"], remove: removeJobsOfUser },
  { name: "sessions", references: [["Session", "userId"]], remove: own("Session", "sessions") },
  { name: "browsers", references: [["Device", "userId"]], remove: own("Device", "browsers") },
  { name: "pushDevices", references: [["PushDevice", "userId"]], remove: own("PushDevice", "pushDevices") },
  {
    name: "links",
    references: [
      ["EmailVerification", "userId"],
      ["PasswordReset", "userId"],
    ],
    remove: inTurn(own("EmailVerification", "links"), own("PasswordReset", "links")),
  },
  {
    name: "choices",
    references: [["NotificationChoice", "userId"]],
    remove: own("NotificationChoice", "choices"),
  },
  {
    name: "idempotencyKeys",
    references: [["IdempotencyKey", "userId"]],
    remove: own("IdempotencyKey", "idempotencyKeys"),
  },
  {
    name: "notifications",
    references: [
      ["Notification", "userId"],
      ["NotificationFeed", "userId"],
    ],
    remove: inTurn(
      deleteRows({
        ...{ table: "Notification", owner: "userId", counted: "notifications" },
        cursor: { column: "sequence", type: "int" },
      }),
      own("NotificationFeed", "feeds"),
    ),
  },
  { name: "exports", references: [["AccountExport", "userId"]], remove: removeExports },
  { name: "uploads", references: [["Upload", "userId"]], parts: ["UploadFile"], remove: removeUploads },
  { name: "reports", references: [["Report", "userId"]], remove: removeReports },
  { name: "schedules", references: [["Schedule", "userId"]], remove: removeSchedules },
  {
    name: "projects",
    references: [],
    parts: ["Project", "Task", "Comment", "TaskChange", "Sprint", "Invitation", "Report", "Schedule"],
    remove: removeProjects,
  },
  { name: "memberships", references: [["ProjectMember", "userId"]], remove: removeMemberships },
  {
    name: "assignments",
    references: [["Task", "assigneeId"]],
    remove: anonymiseRows({ table: "Task", owner: "assigneeId", counted: "assignments", cursor: byId }),
  },
  {
    name: "createdTasks",
    references: [["Task", "creatorId"]],
    remove: anonymiseRows({ table: "Task", owner: "creatorId", counted: "createdTasks", cursor: byId }),
  },
  {
    name: "comments",
    references: [["Comment", "authorId"]],
    remove: anonymiseRows({
      ...{ table: "Comment", owner: "authorId", counted: "commentsAnonymised", cursor: byId },
    }),
  },
  {
    name: "invitations",
    references: [["Invitation", "invitedById"]],
    remove: anonymiseRows({
      ...{ table: "Invitation", owner: "invitedById", counted: "invitationsAnonymised", cursor: byId },
    }),
  },
  {
    name: "actedOn",
    references: [["Notification", "actorId"]],
    remove: anonymiseRows({ table: "Notification", owner: "actorId", counted: "actedOn", cursor: byId }),
  },
  {
    name: "successions",
    references: [["ProjectSuccessor", "userId"]],
    remove: own("ProjectSuccessor", "successions"),
  },
];
