import { posix } from "node:path";
import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import { SIGNED_FOR, WORDS } from "../../infra/storage/storage.ts";
import { uploadPurge } from "../../workers/upload-purge/job.ts";
import type { Tx } from "../../infra/database.ts";
import type { Upload, UploadFile } from "../../prisma/client/client.ts";
import type { AppDeps } from "../app.ts";
import { route } from "../http/contract.ts";
import { id } from "../http/fields.ts";
import { limits, enforceLimit } from "../rate-limits.ts";
import { pageArguments, pageOf, pageQuery, toPage } from "../http/pagination.ts";
import { Problem } from "../http/problem.ts";
import { publishedFile } from "../http/published-file.ts";
import { publishedType } from "./published-path.ts";
import { sniff } from "./sniff.ts";
import { uploadKinds } from "./kinds.ts";
import { announcement, summary, upload } from "./shapes.ts";
import { stepsOf, stuckAmong, totalProgress } from "./steps.ts";

const HOUR = 3_600_000;
/** Milliseconds: a client has a day to send the bytes and to say so. */
const ABANDONED_AFTER = 24 * HOUR;
/** Milliseconds: nothing that was under way at a deletion still writes then. */
const QUIET_AFTER = 6 * HOUR;

const sourceOf = (uploadId: string) => `uploads/${uploadId}/source`;
const urlOf = (uploadId: string, path: string) => `/v1/uploads/${uploadId}/files/${path}`;

/** Files from their announcement to their deletion. The bytes go to the storage directly, by a signed URL. */
export const uploadRoutes = ({ prisma, storage, throttle, uploadWork }: AppDeps) => {
  const find = async (uploadId: string, userId: string): Promise<Upload> => {
    const found = await prisma.upload.findUnique({ where: { id: uploadId, userId } });
    if (!found) throw new Problem("not-found");
    return found;
  };

  /** A job that fails between two looks would have failed without a reason. */
  const asOfOneMoment = <Result>(look: (tx: Tx) => Promise<Result>): Promise<Result> =>
    prisma.$transaction(look, { isolationLevel: "RepeatableRead" });

  /** What does not fit what was announced is removed: the client may try again. @throws Problem */
  const checkContent = async ({ id, kind, contentType, bytes }: Upload) => {
    const key = sourceOf(id);
    const refuse = async (problem: "wrong-size" | "wrong-content-type" | "wrong-content", detail: string) => {
      await storage.remove([key]);
      throw new Problem(problem, { detail });
    };
    const found = await storage.head(key);
    if (!found) throw new Problem("not-uploaded");
    if (found.bytes !== Number(bytes))
      return refuse("wrong-size", `It has ${found.bytes} bytes, announced were ${bytes}.`);
    if (found.contentType !== contentType)
      return refuse("wrong-content-type", `It was sent as ${found.contentType}.`);
    const actual = await sniff(storage, key);
    if (!uploadKinds[kind].types[contentType]?.includes(actual ?? ""))
      return refuse(
        "wrong-content",
        `It looks like ${actual ?? "no type that we know"}, not like ${contentType}.`,
      );
  };

  return [
    route(
      {
        method: "post",
        path: "/v1/uploads",
        summary: "Announce a file: where to put it, and how",
        access: "user",
        body: announcement,
        status: 201,
        response: z.object({
          id: z.uuid(),
          method: z.literal("PUT"),
          url: z.string().describe("Takes exactly this file, until `expiresAt`."),
          headers: z.record(z.string(), z.string()).describe("To be sent with it."),
          expiresAt: z.iso.datetime(),
        }),
        problems: ["too-many-requests", "kind-unavailable"],
        idempotent: true,
      },
      async ({ session: { userId }, body, transaction }) => {
        const work = uploadWork[body.kind];
        const missing = work ? await work.missing?.() : "No worker here takes this kind of file.";
        if (missing) throw new Problem("kind-unavailable", { detail: missing });
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
        summary: "The file is there: begin to work on it",
        access: "user",
        params: id,
        status: 202,
        response: z.object({ id: z.uuid(), url: z.string().describe("Tells how far it is.") }),
        problems: ["not-uploaded", "wrong-size", "wrong-content-type", "wrong-content"],
        idempotent: true,
      },
      async ({ session: { userId }, params, transaction }) => {
        const upload = await find(params.id, userId);
        const answer = { id: upload.id, url: `/v1/uploads/${upload.id}` };
        if (upload.state !== "AWAITING") return answer;
        // S3 may be slow to answer, and takes other bytes for five minutes whatever we lock.
        if (storage.origin) await checkContent(upload);
        return transaction(async (scope) => {
          const { count } = await scope.tx.upload.updateMany({
            where: { id: upload.id, state: "AWAITING" },
            data: { state: "PROCESSING", completedAt: new Date() },
          });
          // Completed by another request, or purged: the answer is the same, and where it leads tells which.
          if (count === 0) return answer;
          // Bytes that come through us wait for this row now: see signed-put.ts.
          if (!storage.origin) await checkContent(upload);
          await uploadWork[upload.kind]?.start(scope, upload.id);
          return answer;
        });
      },
    ),

    route(
      {
        method: "get",
        path: "/v1/uploads",
        summary: "Your uploads, newest first",
        access: "user",
        query: pageQuery,
        status: 200,
        response: pageOf(summary),
      },
      async ({ session: { userId }, query }) => {
        const { where, ...rest } = pageArguments(query);
        const uploads = await asOfOneMoment(async (tx) => {
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
        summary: "One upload: how far it is, and what was made of it",
        access: "user",
        params: id,
        status: 200,
        response: upload,
      },
      async ({ session: { userId }, params }) => {
        return asOfOneMoment(async (tx) => {
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

    route(
      {
        method: "get",
        path: "/v1/uploads/:id/files/*path",
        summary: "A file that was made of an upload, or `source`, the upload itself",
        access: "user",
        params: id.extend({ path: z.string().max(300).regex(WORDS) }),
        status: 200,
        response: publishedFile,
      },
      async ({ session: { userId }, params: { id, path } }) => {
        const found = await prisma.upload.findUnique({
          where: { id, userId },
          include: { files: { where: { OR: [{ path }, { role: "RENDITION" }] } } },
        });
        if (!found) throw new Problem("not-found");
        const { filename } = found;
        if (path === "source" && found.state !== "AWAITING")
          return {
            key: sourceOf(id),
            filename,
            contentType: found.contentType,
            disposition: "attachment" as const,
          };
        const contentType = publishedType(found.files, path);
        if (!contentType) throw new Problem("not-found");
        const name = `${posix.parse(filename).name}-${posix.basename(path)}`;
        return { key: `uploads/${id}/${path}`, filename: name, contentType, disposition: "inline" as const };
      },
    ),

    route(
      {
        method: "delete",
        path: "/v1/uploads/:id",
        summary: "Delete an upload, with all that was made of it",
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

const UNEXPECTED = "We could not process this file. It was not your fault, and we can see what happened.";

const toSummary = ({ bytes, ...rest }: Upload, stuck: ReadonlySet<string>) => ({
  ...rest,
  ...(stuck.has(rest.id) && { state: "FAILED" as const, problem: rest.problem ?? UNEXPECTED }),
  bytes: Number(bytes),
});

const toFile = ({ uploadId, bytes, ...rest }: UploadFile) => ({
  ...rest,
  bytes: Number(bytes),
  url: urlOf(uploadId, rest.path),
});
