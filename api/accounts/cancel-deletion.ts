import { sqlOf, type Tx } from "../../infra/database.ts";
import { cancelJobs, type Enqueue } from "../../workers/core/index.ts";
import { email } from "../../workers/email/job.ts";

/**
 * Cancels the scheduled deletion of a user, whom the caller has locked: either this deletes its row first and the job
 * finds nothing to do, or the job has closed the account first, and then there is nothing to cancel. Resolves with
 * whether there was one.
 */
export const cancelDeletion = async (
  { tx, enqueue }: { tx: Tx; enqueue: Enqueue },
  userId: string,
): Promise<boolean> => {
  const deletion = await tx.accountDeletion.findUnique({
    where: { userId, startedAt: null },
    select: { id: true, jobId: true },
  });
  if (!deletion) return false;
  await cancelJobs(sqlOf(tx), [deletion.jobId]);
  await forgetSuccessors(tx, userId);
  await tx.accountDeletion.delete({ where: { id: deletion.id }, select: { id: true } });
  await enqueue(email, { template: "deletion-cancelled", userId });
  return true;
};

/** Those of the projects that the user owns. */
export const forgetSuccessors = (tx: Tx, userId: string) =>
  tx.projectSuccessor.deleteMany({ where: { project: { members: { some: { userId, role: "OWNER" } } } } });
