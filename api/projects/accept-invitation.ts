import { z } from "zod";
import { hashToken } from "../../infra/tokens.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { token } from "../http/fields.ts";
import { Problem } from "../http/problem.ts";

/** Adds the user of the invited address to the project. Nothing else adds a member. */
export const acceptInvitationRoutes = ({ prisma }: AppDeps) => [
  route(
    {
      method: "post",
      path: "/v1/invitations/accept",
      summary: "Accept an invitation with the token from the email, logged in with the invited address",
      access: "user",
      body: z.object({ token }),
      status: 200,
      response: z.object({ projectId: z.uuid() }),
      problems: ["token-spent", "wrong-account"],
      idempotent: true,
    },
    async ({ session: { userId }, body, transaction }) => {
      const tokenHash = hashToken(body.token);
      const found = await prisma.invitation.findUnique({ where: { tokenHash } });
      if (!found) throw new Problem("token-spent");
      const user = await prisma.user.findUnique({ where: { id: userId } });
      if (!user?.verifiedAt || user.email !== found.email) throw new Problem("wrong-account");
      const { id, projectId } = found;
      return transaction(async ({ tx }) => {
        // As in `manage`: changes of the members happen one after the other, and the project stays.
        await tx.$queryRaw`SELECT id FROM "Project" WHERE id = ${projectId}::uuid FOR NO KEY UPDATE`;
        const [accepted] = await tx.$queryRaw<{ role: "MEMBER" | "VIEWER" }[]>`
          DELETE FROM "Invitation" WHERE id = ${id}::uuid AND "expiresAt" > now() RETURNING role::text AS role`;
        if (!accepted) throw new Problem("token-spent");
        // A member keeps the role.
        const { role } = accepted;
        await tx.projectMember.createMany({ data: [{ projectId, userId, role }], skipDuplicates: true });
        return { projectId };
      });
    },
  ),
];
