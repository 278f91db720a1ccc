import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import { verifyPassword } from "../../infra/passwords.ts";
import { deriveToken, hashToken } from "../../infra/tokens.ts";
import { accountDelete } from "../../workers/account-delete/job.ts";
import type { Enqueue } from "../../workers/core/index.ts";
import type { AppDeps } from "../deps.ts";
import { announce } from "../http/announce.ts";
import { route } from "../http/contract.ts";
import { createCookies } from "../http/cookies.ts";
import { message, timestamp, token } from "../http/fields.ts";
import { forgetInBrowser } from "../http/forget-in-browser.ts";
import { invalidField, Problem } from "../http/problem.ts";
import { enforceLimit, limits } from "../rate-limits.ts";
import { cancelDeletion, forgetSuccessors } from "./cancel-deletion.ts";
import { password } from "./fields.ts";
import { lockUser, lockUserByPassword } from "./locked-user.ts";

const uuid = z.uuid().toLowerCase();
const successors = z
  .array(z.object({ projectId: uuid, userId: uuid }))
  .max(500)
  .default([])
  .describe(
    "Members who take over projects that you own. Your other projects are deleted with everything in them.",
  );

type Successors = z.output<typeof successors>;

/** Schedules the deletion of an account, and cancels it. Logging in cancels it too: see login.ts. */
export const deletionRoutes = (deps: AppDeps) => {
  const { prisma, throttle, appSecret, publicUrl } = deps;
  const cookies = createCookies(publicUrl);

  /** Resolves with when the account will be deleted. A second request keeps the first. */
  const schedule = async (
    scope: { tx: Tx; enqueue: Enqueue },
    userId: string,
    { successors: chosen, grace }: { successors: Successors; grace: number },
  ): Promise<Date> => {
    const { tx, enqueue } = scope;
    const earlier = await tx.accountDeletion.findUnique({ where: { userId }, select: { dueAt: true } });
    if (earlier) return earlier.dueAt;
    const id = uuidv7();
    await saveSuccessors(tx, userId, chosen);
    const jobId = await enqueue(accountDelete, { deletionId: id }, { delay: grace });
    const dueAt = new Date(Date.now() + grace);
    const tokenHash = hashToken(deriveToken(appSecret, "cancel-deletion", id));
    await tx.accountDeletion.create({ data: { id, userId, jobId, dueAt, tokenHash }, select: { id: true } });
    if (grace > 0) await announce(scope, { userId, kind: "deletion-scheduled", recordId: id });
    return dueAt;
  };

  return [
    route(
      {
        method: "delete",
        path: "/v1/account",
        summary: "Delete your account after the grace period; ends all sessions, and logging in cancels it",
        access: "user",
        body: z.object({ password, successors }),
        status: 202,
        response: message.extend({ deletionAt: timestamp }),
        problems: ["wrong-password", "too-many-requests"],
      },
      async ({ session: { userId }, body, transaction, request, response }) => {
        const grace = deps.watch?.deletionGrace(request) ?? deps.accountDeletionGrace;
        await enforceLimit(throttle, limits.login, userId);
        const user = await prisma.user.findUnique({ where: { id: userId }, select: { passwordHash: true } });
        if (!user || !(await verifyPassword(user.passwordHash, body.password)))
          throw new Problem("wrong-password");
        await throttle.forget(limits.login, userId);
        const { passwordHash: hash } = user;
        const deletionAt = await transaction(async (scope) => {
          if (!(await lockUserByPassword(scope.tx, userId, { hash, password: body.password })))
            throw new Problem("wrong-password");
          const dueAt = await schedule(scope, userId, { successors: body.successors, grace });
          await scope.tx.session.deleteMany({ where: { userId } });
          return dueAt;
        });
        cookies.clear(response, "session");
        forgetInBrowser(response);
        const isAtOnce = grace === 0;
        return { message: isAtOnce ? "Your account is being deleted." : SCHEDULED, deletionAt };
      },
    ),

    route(
      {
        method: "post",
        path: "/v1/account/deletion/cancel",
        summary: "Keep an account whose deletion is scheduled, with the token from the email",
        access: "anyone",
        body: z.object({ token }),
        status: 200,
        response: message,
        problems: ["token-spent"],
        idempotent: true,
      },
      async ({ body, transaction }) => {
        const where = { tokenHash: hashToken(body.token) };
        const found = await prisma.accountDeletion.findUnique({ where, select: { userId: true } });
        const userId = found?.userId;
        if (!userId) throw new Problem("token-spent");
        return transaction(async (scope) => {
          await lockUser(scope.tx, userId);
          if (!(await cancelDeletion(scope, userId))) throw new Problem("token-spent");
          return { message: "Your account is kept. Log in to go on." };
        });
      },
    ),
  ];
};

const SCHEDULED = "Your account will be deleted. Log in before then to keep it.";

/** @throws Problem if a project is not the user's, or a successor is not another member */
const saveSuccessors = async (tx: Tx, userId: string, chosen: Successors): Promise<void> => {
  await forgetSuccessors(tx, userId); // those of an earlier owner
  if (chosen.length === 0) return;
  const [row] = await tx.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM jsonb_to_recordset(${JSON.stringify(chosen)}::jsonb) AS c("projectId" uuid, "userId" uuid)
      JOIN "ProjectMember" own ON own."projectId" = c."projectId" AND own."userId" = ${userId}::uuid AND own.role = 'OWNER'
      JOIN "ProjectMember" other ON other."projectId" = c."projectId" AND other."userId" = c."userId" AND other.role <> 'OWNER'`;
  const projects = new Set(chosen.map(({ projectId }) => projectId));
  if (row?.count !== chosen.length || projects.size !== chosen.length)
    throw invalidField("successors", "Choose one other member for each project that you own.");
  await tx.projectSuccessor.createMany({ data: chosen });
};
