import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import type { Request, Response } from "express";
import { ObjectMissingError } from "../../infra/storage/storage.ts";
import type { AppDeps } from "../deps.ts";
import { contentDisposition } from "./content-disposition.ts";
import { Problem } from "./problem.ts";
import type { PublishedFile } from "./published-file.ts";

/** What is published never changes, but it is its owner's alone. */
const CACHE = "private, max-age=31536000, immutable";
/** A redirection is of use for as long as its signature, less a minute to follow it. */
const CACHE_OF_REDIRECTION = "private, max-age=240";

/** Sends a file of this machine, in the ranges that are asked for, and redirects to one that is elsewhere, unless it is a playlist. */
export const createSendFile =
  ({ storage }: Pick<AppDeps, "storage">) =>
  async (
    request: Request,
    response: Response,
    { key, filename, contentType, disposition }: PublishedFile,
  ) => {
    const headers = {
      contentType,
      contentDisposition: contentDisposition(disposition, filename),
      cacheControl: CACHE,
    };
    const url = await storage.signGet(key, headers);
    const isLocal = url.startsWith("file:");
    if (!isLocal && contentType !== PLAYLIST) {
      // Written by hand: Express would describe the redirection in a body, and the URL in it.
      response.status(302).set({ Location: url, "Cache-Control": CACHE_OF_REDIRECTION }).end();
      return;
    }
    // Before the headers, which are not those of a problem: that would be cached for a year.
    const content = isLocal ? undefined : await readStored(storage, key);
    response.set({
      "Content-Type": headers.contentType,
      "Content-Disposition": headers.contentDisposition,
      "Cache-Control": headers.cacheControl,
    });
    if (content) await pipeline(content, response);
    else await sendLocal(request, response, fileURLToPath(url));
  };

/** A playlist names its files relative to itself, so it is sent from here and not from a signed URL. */
const PLAYLIST = "application/vnd.apple.mpegurl";

const readStored = (storage: AppDeps["storage"], key: string) =>
  storage.read(key).catch((error: unknown) => {
    throw error instanceof ObjectMissingError ? new Problem("not-found") : error;
  });

const sendLocal = (request: Request, response: Response, path: string) =>
  new Promise<void>((resolve, reject) => {
    // A path that begins with a dot is the folder's, which is ours.
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
