import { posix } from "node:path";
import { z } from "zod";
import { WORDS } from "../../infra/storage/storage.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { id } from "../http/fields.ts";
import { Problem } from "../http/problem.ts";
import { publishedFile } from "../http/published-file.ts";
import { nameAs } from "./filename.ts";
import { publishedType } from "./published-path.ts";

/** The storage key of the file that the user uploaded. */
export const sourceOf = (uploadId: string) => `uploads/${uploadId}/source`;

/** Serves the original and the published files of an upload. */
export const fileRoute = ({ prisma }: AppDeps) =>
  route(
    {
      method: "get",
      path: "/v1/uploads/:id/files/*path",
      summary: "Get a file of an upload; `source` is the original",
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
          filename: nameAs(filename, found.contentType),
          contentType: found.contentType,
          disposition: "attachment" as const,
        };
      const contentType = publishedType(found.files, path);
      if (!contentType) throw new Problem("not-found");
      const name = `${posix.parse(filename).name}-${posix.basename(path)}`;
      return { key: `uploads/${id}/${path}`, filename: name, contentType, disposition: "inline" as const };
    },
  );
