import { sqlOf, type Tx } from "../../infra/database.ts";
import { mailAbout } from "../../infra/notifications/kinds.ts";
import { notify, type Happening } from "../../infra/notifications/notify.ts";
import { prepareJob } from "../core/index.ts";
import { email } from "../email/job.ts";
import { pushNotify } from "../push-notify/job.ts";

/** The same as api/http/announce.ts, in a transaction of a worker. */
export const announce = async (tx: Tx, happening: Happening): Promise<void> => {
  const written = await notify(tx, happening);
  const sql = sqlOf(tx);
  const { userId } = happening;
  if (written?.push) await prepareJob(pushNotify, { userId })(sql);
  if (written?.mail) await prepareJob(email, mailAbout(written.id, happening))(sql);
};
