import { sqlOf, type Tx } from "../../infra/database.ts";
import { notify, type Happening } from "../../infra/notifications/notify.ts";
import { prepareJob } from "../core/index.ts";
import { email } from "../email/job.ts";
import { pushNotify } from "../push-notify/job.ts";

/** Notifies a user in the transaction of what happened, and enqueues the push and the mail that the user wants. */
export const announce = async (tx: Tx, happening: Happening): Promise<void> => {
  const written = await notify(tx, happening);
  const sql = sqlOf(tx);
  const { userId } = happening;
  if (written?.push) await prepareJob(pushNotify, { userId })(sql);
  if (written?.mail) await prepareJob(email, { template: "notification", userId, recordId: written.id })(sql);
};
