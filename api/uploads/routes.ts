import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import { SIGNED_FOR } from "../../infra/storage/storage.ts";
import { uploadPurge } from "../../workers/upload-purge/job.ts";
import type { Tx } from "../../infra/database.ts";
import type { Upload, UploadFile } from "../../prisma/client/client.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { id } from "../http/fields.ts";
import { limits, enforceLimit } from "../rate-limits.ts";
import { pageArguments, pageOf, pageQuery, toPage } from "../http/pagination.ts";
import { Problem } from "../http/problem.ts";
import { checkContent, checkDeclaredType } from "./check-content.ts";
import { fileRoute, sourceOf } from "./file-route.ts";
import { newUpload, summary, upload } from "./shapes.ts";
import { stepsOf, stuckAmong, totalProgress } from "./steps.ts";

const HOUR = 3_600_000;
/** Milliseconds: an upload that is not completed by then is deleted. */
const ABANDONED_AFTER = 24 * HOUR;
/** Milliseconds after a deletion when no running job can still write files. */
const QUIET_AFTER = 6 * HOUR;

const urlOf = (uploadId: string, path: string) => `/v1/uploads/${uploadId}/files/${path}`;

/** Creates, completes, lists and deletes uploads. Clients send the bytes directly to the storage, with a signed URL. */
export const uploadRoutes = (deps: AppDeps) => {
  const { prisma, storage, throttle, uploadWork } = deps;
  const find = async (uploadId: string, userId: string): Promise<Upload> => {
    const found = await prisma.upload.findUnique({ where: { id: uploadId, userId } });
    if (!found) throw new Problem("not-found");
    return found;
  };

  /** Reads from one snapshot: otherwise an upload could appear as failed without its problem. */
  const inSnapshot = <Result>(read: (tx: Tx) => Promise<Result>): Promise<Result> =>
    prisma.$transaction(read, { isolationLevel: "RepeatableRead" });

  return [
    route(
      {
        method: "post",
        path: "/v1/uploads",
        summary: "Create an upload and get a signed URL for the file",
        access: "user",
        body: newUpload,
        status: 201,
        response: z.object({
          id: z.uuid(),
          method: z.literal("PUT"),
          url: z
            .string()
            .describe(
              "Accepts exactly this file until `expiresAt`. It may be relative to the URL of this request.",
            ),
          headers: z.record(z.string(), z.string()).describe("Headers to send with the file."),
          expiresAt: z.iso.datetime(),
        }),
        problems: ["too-many-requests", "kind-unavailable"],
        idempotent: true,
      },
      async ({ session: { userId }, body, transaction }) => {
        const work = uploadWork[body.kind];
        const missing = work ? await work.missing?.() : "No worker processes files of this kind.";
        if (missing) throw new Problem("kind-unavailable", { detail: missing });
        checkDeclaredType(body, work?.accepts);
        await enforceLimit(throttle, limits.uploads, userId);

        const id = uuidv7();
        const expiresAt = new Date(Date.now() + SIGNED_FOR * 1_000).toISOString();
        const permit = await storage.signPut(sourceOf(id), body);
        return transaction(async ({ tx, enqueue }) => {
          await tx.upload.create({ data: { id, userId, ...body } });
          await enqueue(uploadPurge, { uploadId: id }, { delay: ABANDONED_AFTER });
          return { id, method: "PUT" as const, ...permit, expiresAt };
        });
      },
    ),

    route(
      {
        method: "post",
        path: "/v1/uploads/:id/complete",
        summary: "Complete an upload: check the file and start to process it",
        access: "user",
        params: id,
        status: 202,
        response: z.object({ id: z.uuid(), url: z.string().describe("The upload with its progress.") }),
        problems: ["not-uploaded", "wrong-size", "wrong-content-type", "wrong-content"],
        idempotent: true,
      },
      async ({ session: { userId }, params, transaction }) => {
        const upload = await find(params.id, userId);
        const accepted = { id: upload.id, url: `/v1/uploads/${upload.id}` };
        if (upload.state !== "AWAITING") return accepted;
        const work = uploadWork[upload.kind];
        const check = () => checkContent(storage, sourceOf(upload.id), upload, work?.accepts);
        // Outside the transaction: S3 may be slow, and no lock stops it from accepting bytes while the URL is valid.
        const checked = storage.origin ? await check() : undefined;
        return transaction(async (scope) => {
          const { count } = await scope.tx.upload.updateMany({
            where: { id: upload.id, state: "AWAITING" },
            data: { state: "PROCESSING", completedAt: new Date() },
          });
          // Completed by another request, or deleted: the client learns which from the URL.
          if (count === 0) return accepted;
          // The row is locked, so no new bytes can be published: see signed-put.ts.
          const contentType = checked ?? (await check());
          await scope.tx.upload.update({ where: { id: upload.id }, data: { contentType } });
          await work?.start(scope, upload.id);
          return accepted;
        });
      },
    ),

    route(
      {
        method: "get",
        path: "/v1/uploads",
        summary: "List your uploads, newest first",
        access: "user",
        query: pageQuery,
        status: 200,
        response: pageOf(summary),
      },
      async ({ session: { userId }, query }) => {
        const { where, ...rest } = pageArguments(query);
        const uploads = await inSnapshot(async (tx) => {
          const rows = await tx.upload.findMany({ where: { ...where, userId }, ...rest });
          const stuck = await stuckAmong(tx, rows);
          return rows.map((each) => toSummary(each, stuck));
        });
        return toPage(uploads, query.limit);
      },
    ),

    route(
      {
        method: "get",
        path: "/v1/uploads/:id",
        summary: "Get an upload with its progress and its files",
        access: "user",
        params: id,
        status: 200,
        response: upload,
      },
      async ({ session: { userId }, params }) => {
        return inSnapshot(async (tx) => {
          const found = await tx.upload.findUnique({
            where: { id: params.id, userId },
            include: { files: { orderBy: { path: "asc" } } },
          });
          if (!found) throw new Problem("not-found");
          const steps = await stepsOf(tx, found.id);
          return {
            ...toSummary(found, await stuckAmong(tx, [found])),
            url: found.state === "AWAITING" ? null : urlOf(found.id, "source"),
            progress: found.state === "READY" ? 1 : totalProgress(steps, uploadWork[found.kind]?.steps),
            steps,
            files: found.files.map(toFile),
          };
        });
      },
    ),

    fileRoute(deps),

    route(
      {
        method: "delete",
        path: "/v1/uploads/:id",
        summary: "Delete an upload and all its files",
        access: "user",
        params: id,
        status: 204,
      },
      async ({ session: { userId }, params, transaction }) => {
        await transaction(async ({ tx, enqueue }) => {
          const { count } = await tx.upload.deleteMany({ where: { id: params.id, userId } });
          if (count === 0) throw new Problem("not-found");
          await enqueue(uploadPurge, { uploadId: params.id });
          await enqueue(uploadPurge, { uploadId: params.id }, { delay: QUIET_AFTER });
        });
      },
    ),
  ];
};

const UNEXPECTED =
  "This file could not be processed because of an error on our side. The error has been logged.";

const toSummary = ({ bytes, ...rest }: Upload, stuck: ReadonlySet<string>) => ({
  ...rest,
  ...((rest.state === "FAILED" || stuck.has(rest.id)) && {
    state: "FAILED" as const,
    problem: rest.problem ?? UNEXPECTED,
  }),
  bytes: Number(bytes),
});

const toFile = ({ uploadId, bytes, ...rest }: UploadFile) => ({
  ...rest,
  bytes: Number(bytes),
  url: urlOf(uploadId, rest.path),
});
