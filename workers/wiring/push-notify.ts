import type { Config } from "../../infra/config.ts";
import { textsOf } from "../../infra/notifications/texts.ts";
import { createFcm, type Target } from "../../infra/push/fcm.ts";
import { defineWorker } from "../core/index.ts";
import { pushNotifications } from "../push-notify/handler.ts";
import { pushNotify } from "../push-notify/job.ts";
import { createProviderState } from "../push-notify/provider-state.ts";
import { callsTo } from "./calls.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { createPushRecords } from "./push-records.ts";

export const wire = async ({ config, log, prisma, onClose }: Infrastructure) => {
  const target = targetOf(config);
  const fcm = target && (await createFcm(target));
  const pushing = callsTo("FCM send", target && "sandbox" in target ? target.sandbox : FCM);
  if (fcm) onClose(fcm.close);
  // The worker runs in any case: without one, the jobs would accumulate in the ledger.
  else
    log.warn({ job: pushNotify.name }, "pushes are off: FCM_CREDENTIALS is not set. Their jobs are skipped");
  const { pauses, ...records } = createPushRecords(prisma);
  const alert = (problem: string) => log.error({ job: pushNotify.name }, problem);
  return defineWorker(
    pushNotify,
    pushNotifications({
      ...records,
      send: fcm && ((push, signal) => pushing(() => fcm.send(push, signal))),
      textsOf: (notifications) => textsOf(prisma, notifications),
      provider: createProviderState(alert, { shared: pauses }),
      publicUrl: config.publicUrl,
    }),
  );
};

const FCM = "https://fcm.googleapis.com";

const targetOf = ({
  fcmCredentials: account,
  fcmSandboxUrl: sandbox,
  environment,
}: Pick<Config<"worker">, "fcmCredentials" | "fcmSandboxUrl" | "environment">): Target | undefined => {
  if (account) return { account };
  return environment === "production" ? undefined : { sandbox };
};
