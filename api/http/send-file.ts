import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import type { Request, Response } from "express";
import { ObjectMissingError } from "../../infra/storage/storage.ts";
import type { AppDeps } from "../deps.ts";
import { contentDisposition } from "./content-disposition.ts";
import { Problem } from "./problem.ts";
import type { PublishedFile } from "./published-file.ts";

/** Published files never change. They are private to their owner. */
const CACHE = "private, max-age=31536000, immutable";
/** A redirect is valid as long as its signature, minus one minute to follow it. */
const REDIRECT_CACHE = "private, max-age=240";

/** Sends a local file, with support for ranges. Redirects to a file in remote storage, unless it is a playlist. */
export const createSendFile =
  ({ storage }: Pick<AppDeps, "storage">) =>
  async (
    request: Request,
    response: Response,
    { key, filename, contentType, disposition, cacheControl = CACHE }: PublishedFile,
  ) => {
    const headers = {
      contentType,
      contentDisposition: contentDisposition(disposition, filename),
      cacheControl,
    };
    const url = await storage.signGet(key, headers);
    const isLocal = url.startsWith("file:");
    if (!isLocal && contentType !== PLAYLIST) {
      // Not response.redirect(), which repeats the signed URL in a body.
      const redirectCache = cacheControl === CACHE ? REDIRECT_CACHE : cacheControl;
      response.status(302).set({ Location: url, "Cache-Control": redirectCache }).end();
      return;
    }
    // Opened before the headers are set: a 404 must not be cached for a year.
    const content = isLocal ? undefined : await readStored(storage, key);
    response.set({
      "Content-Type": headers.contentType,
      "Content-Disposition": headers.contentDisposition,
      "Cache-Control": headers.cacheControl,
    });
    if (content) await pipeline(content, response);
    else await sendLocal(request, response, fileURLToPath(url));
  };

/** A playlist contains relative URLs. A player must resolve them against this API, not against a signed URL. */
const PLAYLIST = "application/vnd.apple.mpegurl";

const readStored = (storage: AppDeps["storage"], key: string) =>
  storage.read(key).catch((error: unknown) => {
    throw error instanceof ObjectMissingError ? new Problem("not-found") : error;
  });

const sendLocal = (request: Request, response: Response, path: string) =>
  new Promise<void>((resolve, reject) => {
    // The storage folder itself may be below a folder whose name starts with a dot.
    response.sendFile(path, { cacheControl: false, dotfiles: "allow" }, (error?: Error) => {
      if (!error || request.destroyed || response.headersSent) return resolve();
      for (const name of ["Content-Type", "Content-Disposition", "Cache-Control"])
        response.removeHeader(name);
      reject(toProblem(error));
    });
  });

const toProblem = (error: Error): Error => {
  const status = "status" in error ? error.status : undefined;
  if (status === 404) return new Problem("not-found");
  if (status !== 416) return error;
  const headers = "headers" in error ? (error.headers as Record<string, string>) : {};
  return new Problem("wrong-range", { headers });
};
