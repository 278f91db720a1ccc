import type { Tx } from "../../infra/database.ts";
import { mailAbout } from "../../infra/notifications/kinds.ts";
import { notify, type Happening } from "../../infra/notifications/notify.ts";
import { email } from "../../workers/email/job.ts";
import type { Enqueue } from "../../workers/core/index.ts";
import { pushNotify } from "../../workers/push-notify/job.ts";

/**
 * Notifies a user in the transaction of what happened, and enqueues the push and the mail that the user wants. No other
 * mail about it is needed. Call it late in the transaction, and for several users in the order of their ids: see
 * `notify`.
 */
export const announce = async (
  { tx, enqueue }: { tx: Tx; enqueue: Enqueue },
  happening: Happening,
): Promise<void> => {
  const written = await notify(tx, happening);
  const { userId } = happening;
  if (written?.push) await enqueue(pushNotify, { userId });
  if (written?.mail) await enqueue(email, mailAbout(written.id, happening));
};
