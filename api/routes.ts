import type { AppDeps } from "./app.ts";
import type { Route } from "./contract.ts";
import { healthRoutes } from "./routes/health.ts";
import { loginRoutes } from "./routes/login.ts";
import { meRoutes } from "./routes/me.ts";
import { passwordRoutes } from "./routes/password.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { signupRoutes } from "./routes/signup.ts";
import { unsubscribeRoutes } from "./routes/unsubscribe.ts";
import { uploadRoutes } from "./routes/uploads.ts";
import { userRoutes } from "./routes/users.ts";
import { verifyEmailRoutes } from "./routes/verify-email.ts";

/** Every route, in the order of the documentation. */
export const createRoutes = (deps: AppDeps): Route[] => [
  ...signupRoutes(deps),
  ...verifyEmailRoutes(deps),
  ...loginRoutes(deps),
  ...passwordRoutes(deps),
  ...meRoutes(deps),
  ...sessionRoutes(deps),
  ...uploadRoutes(deps),
  ...unsubscribeRoutes(deps),
  ...userRoutes(deps),
  ...healthRoutes(deps),
];
