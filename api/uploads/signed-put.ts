import { Readable } from "node:stream";
import { type Request, type RequestHandler, Router } from "express";
import { createSigner, type Permit, PUT_PATH } from "../../infra/storage/signature.ts";
import type { UploadState } from "../../prisma/client/client.ts";
import type { AppDeps } from "../deps.ts";
import { Problem } from "../http/problem.ts";

/**
 * Receives the objects of the local storage's signed URLs and writes them to the disk. Only the signature is checked, no
 * cookie, so that other sites cannot use a session. One body at a time is received per object and process, so that a URL
 * uses the space of one file: a later request ends the earlier one, whose connection may be broken.
 */
export const takeSignedPuts = ({ storage, prisma, appSecret }: AppDeps): Router => {
  const signer = createSigner(appSecret);
  const receiving = new Map<string, Request>();

  /** Runs `work` while the upload waits for its file and cannot be completed. @throws Problem if it does not wait */
  const whileAwaited = (key: string, work: () => Promise<void>) =>
    prisma.$transaction(async (tx) => {
      const [, id] = key.split("/");
      const [upload] = await tx.$queryRaw<{ state: UploadState }[]>`
        SELECT state FROM "Upload" WHERE id = ${id}::uuid FOR UPDATE`;
      if (!upload) throw new Problem("not-found");
      if (upload.state !== "AWAITING") throw new Problem("already-completed");
      await work();
    });

  const put: RequestHandler = async (request, response) => {
    const permit = signer.read([request.params["key"]].flat().join("/"), queryOf(request));
    check(permit, request);
    // Once before the transfer, which may be long, and once when the file becomes visible.
    await whileAwaited(permit.key, async () => {});
    const earlier = receiving.get(permit.key);
    if (!earlier?.complete) earlier?.destroy();
    receiving.set(permit.key, request);
    const body = Readable.from(exactly(permit.bytes, request));
    try {
      await storage.write(permit.key, body, permit.contentType, (publish) =>
        whileAwaited(permit.key, publish),
      );
    } catch (error) {
      // The client has disconnected.
      if (request.destroyed && !request.complete) return void response.destroy();
      throw error;
    } finally {
      if (receiving.get(permit.key) === request) receiving.delete(permit.key);
    }
    response.status(200).set("Cache-Control", "no-store").end();
  };

  const refuse: RequestHandler = () => {
    throw new Problem("method-not-allowed", { headers: { Allow: "PUT" } });
  };

  const router = Router({ caseSensitive: true });
  router.route(`${PUT_PATH}*key`).put(put).all(refuse);
  return router;
};

const queryOf = ({ originalUrl }: Request) => new URL(originalUrl, "http://localhost").searchParams;

function check(permit: Permit | undefined, { headers }: Request): asserts permit is Permit {
  if (!permit) throw new Problem("url-refused");
  if (permit.expires * 1_000 < Date.now()) throw new Problem("url-expired");
  // Taken for the whole, a part would replace it: RFC 9110, 14.5.
  if (headers["content-range"] !== undefined)
    throw new Problem("bad-request", { detail: "Send the whole file, without Content-Range." });
  if (headers["content-type"] !== permit.contentType) throw new Problem("wrong-content-type");
  const length = headers["content-length"];
  if (length !== undefined && Number(length) !== permit.bytes) throw new Problem("wrong-size");
}

/** The body of a request, if it has exactly so many bytes. What is left of it is not ours to cut off. */
async function* exactly(bytes: number, request: Request) {
  let received = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    received += (chunk as Buffer).length;
    if (received > bytes) throw new Problem("wrong-size");
    yield chunk as Buffer;
  }
  if (received < bytes) throw new Problem("wrong-size");
}
