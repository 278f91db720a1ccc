import { adminRoutes } from "./admin/routes.ts";
import { batchRoutes } from "./batches/routes.ts";
import type { AppDeps } from "./deps.ts";
import { exportRoutes } from "./exports/routes.ts";
import type { Route } from "./http/contract.ts";
import { deviceRoutes } from "./devices/routes.ts";
import { deletionPreviewRoutes } from "./accounts/deletion-preview.ts";
import { deletionRoutes } from "./accounts/deletion.ts";
import { healthRoutes } from "./http/health.ts";
import { loginRoutes } from "./accounts/login.ts";
import { meRoutes } from "./accounts/me.ts";
import { notificationChoiceRoutes } from "./notifications/choices.ts";
import { passwordRoutes } from "./accounts/password.ts";
import { reportRoutes } from "./reports/routes.ts";
import { notificationRoutes } from "./notifications/routes.ts";
import { sessionRoutes } from "./accounts/sessions.ts";
import { projectRoutes } from "./projects/routes.ts";
import { signupRoutes } from "./accounts/signup.ts";
import { scheduleRoutes } from "./schedules/routes.ts";
import { unsubscribeRoutes } from "./accounts/unsubscribe.ts";
import { uploadRoutes } from "./uploads/routes.ts";
import { userRoutes } from "./accounts/users.ts";
import { verifyEmailRoutes } from "./accounts/verify-email.ts";

/** Every route, in the order of the documentation. */
export const createRoutes = (deps: AppDeps): Route[] => [
  ...signupRoutes(deps),
  ...verifyEmailRoutes(deps),
  ...loginRoutes(deps),
  ...passwordRoutes(deps),
  ...meRoutes(deps),
  ...sessionRoutes(deps),
  ...deletionPreviewRoutes(deps),
  ...deletionRoutes(deps),
  ...exportRoutes(deps),
  ...uploadRoutes(deps),
  ...projectRoutes(deps),
  ...reportRoutes(deps),
  ...scheduleRoutes(deps),
  ...deviceRoutes(deps),
  ...notificationChoiceRoutes(deps),
  ...notificationRoutes(deps),
  ...unsubscribeRoutes(deps),
  ...userRoutes(deps),
  ...batchRoutes(deps),
  ...adminRoutes(deps),
  ...healthRoutes(deps),
];
