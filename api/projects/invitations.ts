import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import { deriveToken, hashToken } from "../../infra/tokens.ts";
import { email } from "../../workers/email/job.ts";
import type { AppDeps } from "../deps.ts";
import type { Address } from "../http/address.ts";
import { route } from "../http/contract.ts";
import { address, id } from "../http/fields.ts";
import { pageArguments, pageOf, pageQuery, toPage } from "../http/pagination.ts";
import { Problem } from "../http/problem.ts";
import { enforceLimit, limits } from "../rate-limits.ts";
import { checkAccess, manage } from "./access.ts";
import { invitation, invitedRole } from "./shapes.ts";

const DAY = 86_400_000;
/** Members and open invitations of a project together: the members are listed on one page. */
const LARGEST = 200;

const invitationOf = id.extend({ invitationId: z.uuid().toLowerCase() });

/** Invites by mail. The response is the same whether or not the address has an account. */
export const invitationRoutes = ({ prisma, appSecret, throttle }: AppDeps) => [
  route(
    {
      method: "post",
      path: "/v1/projects/:id/invitations",
      summary: "Invite an address by mail for 7 days, or again",
      access: "user",
      params: id,
      body: z.object({ email: address, role: invitedRole }),
      status: 201,
      response: invitation,
      problems: ["wrong-role", "already-member", "project-full", "too-many-requests"],
      idempotent: true,
    },
    async ({ session: { userId }, params: { id: projectId }, body, transaction }) => {
      await checkAccess(prisma, { projectId, userId, needs: "OWNER" });
      await enforceLimit(throttle, limits.invitations, userId);
      await enforceLimit(throttle, limits.invited, body.email.email);
      return transaction(async ({ tx, enqueue }) => {
        await manage(tx, { projectId, userId, needs: "OWNER" });
        await checkRoom(tx, projectId, body.email.email);
        const invited = await invite(tx, appSecret, {
          projectId,
          address: body.email,
          role: body.role,
          invitedById: userId,
        });
        await enqueue(email, { template: "invitation", userId, recordId: invited.id });
        return toInvitation(invited);
      });
    },
  ),

  route(
    {
      method: "get",
      path: "/v1/projects/:id/invitations",
      summary: "List the invitations that are not accepted yet, newest first; expired ones can be renewed",
      access: "user",
      params: id,
      query: pageQuery,
      status: 200,
      response: pageOf(invitation),
      problems: ["wrong-role"],
    },
    async ({ session: { userId }, params: { id: projectId }, query }) => {
      await checkAccess(prisma, { projectId, userId, needs: "OWNER" });
      const { where, ...rest } = pageArguments(query);
      const rows = await prisma.invitation.findMany({ where: { ...where, projectId }, ...rest });
      return toPage(rows.map(toInvitation), query.limit);
    },
  ),

  route(
    {
      method: "delete",
      path: "/v1/projects/:id/invitations/:invitationId",
      summary: "Revoke an invitation",
      access: "user",
      params: invitationOf,
      status: 204,
      problems: ["wrong-role"],
    },
    async ({ session: { userId }, params: { id: projectId, invitationId }, transaction }) => {
      await transaction(async ({ tx }) => {
        await manage(tx, { projectId, userId, needs: "OWNER" });
        const { count } = await tx.invitation.deleteMany({ where: { id: invitationId, projectId } });
        if (count === 0) throw new Problem("not-found");
      });
    },
  ),
];

/** @throws Problem if the address belongs to a member, or there is no room for another */
const checkRoom = async (tx: Tx, projectId: string, email: string): Promise<void> => {
  const isMember = await tx.projectMember.count({ where: { projectId, user: { email } } });
  if (isMember > 0) throw new Problem("already-member");
  const members = await tx.projectMember.count({ where: { projectId } });
  const others = { projectId, email: { not: email }, expiresAt: { gt: new Date() } };
  if (members + (await tx.invitation.count({ where: others })) >= LARGEST) throw new Problem("project-full");
};

interface Invited {
  projectId: string;
  address: Address;
  role: "MEMBER" | "VIEWER";
  invitedById: string;
}

/** Creates the invitation of an address, or renews it: the links in its earlier mails then work again. */
const invite = (tx: Tx, appSecret: string, { projectId, address: { email, shown }, ...rest }: Invited) => {
  const id = uuidv7();
  const terms = { ...rest, expiresAt: new Date(Date.now() + 7 * DAY) };
  return tx.invitation.upsert({
    where: { projectId_email: { projectId, email } },
    create: {
      id,
      projectId,
      email,
      shownEmail: shown === email ? null : shown,
      tokenHash: hashToken(deriveToken(appSecret, "accept-invitation", id)),
      ...terms,
    },
    update: terms,
  });
};

interface Row {
  id: string;
  email: string;
  shownEmail: string | null;
  role: "OWNER" | "MEMBER" | "VIEWER";
  expiresAt: Date;
  createdAt: Date;
}

const toInvitation = ({ email, shownEmail, role, ...rest }: Row) => ({
  ...rest,
  email: shownEmail ?? email,
  role: invitedRole.parse(role),
});
