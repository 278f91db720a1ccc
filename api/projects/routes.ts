import type { AppDeps } from "../deps.ts";
import { acceptInvitationRoutes } from "./accept-invitation.ts";
import { commentRoutes } from "./comments.ts";
import { invitationRoutes } from "./invitations.ts";
import { memberRoutes } from "./members.ts";
import { projectsRoutes } from "./projects.ts";
import { sprintRoutes } from "./sprints.ts";
import { taskRoutes } from "./tasks.ts";

/** Projects and everything in them. Viewers read and comment, members change the content, the owner manages. */
export const projectRoutes = (deps: AppDeps) => [
  ...projectsRoutes(deps),
  ...memberRoutes(deps),
  ...invitationRoutes(deps),
  ...acceptInvitationRoutes(deps),
  ...sprintRoutes(deps),
  ...taskRoutes(deps),
  ...commentRoutes(deps),
];
