import { Readable } from "node:stream";
import { type Request, type RequestHandler, Router } from "express";
import { createSigner, type Permit, PUT_PATH } from "../../infra/storage/signature.ts";
import type { UploadState } from "../../prisma/client/client.ts";
import type { AppDeps } from "../deps.ts";
import { Problem } from "../http/problem.ts";

/**
 * Receives files for signed URLs of the local storage and writes them to disk. Only the signature authorizes a request:
 * cookies are ignored, so no other site can misuse them. Each process receives one body per object at a time, so that a
 * URL cannot fill the disk with copies. A new request aborts the previous one, whose connection may be broken.
 */
export const takeSignedPuts = ({ storage, prisma, appSecret }: AppDeps): Router => {
  const signer = createSigner(appSecret);
  const receiving = new Map<string, Request>();

  /** Runs `work` while the upload is locked and still awaits its file. @throws Problem if it does not */
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
    // Checked before receiving the bytes, which may be many, and again when they are published.
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

  const reject: RequestHandler = () => {
    throw new Problem("method-not-allowed", { headers: { Allow: "PUT" } });
  };

  const router = Router({ caseSensitive: true });
  router.route(`${PUT_PATH}*key`).put(put).all(reject);
  return router;
};

const queryOf = ({ originalUrl }: Request) => new URL(originalUrl, "http://localhost").searchParams;

function check(permit: Permit | undefined, { headers }: Request): asserts permit is Permit {
  if (!permit) throw new Problem("url-refused");
  if (permit.expires * 1_000 < Date.now()) throw new Problem("url-expired");
  // A partial PUT must be rejected, or the part would replace the whole file: RFC 9110, 14.5.
  if (headers["content-range"] !== undefined)
    throw new Problem("bad-request", { detail: "Send the whole file, without Content-Range." });
  if (headers["content-type"] !== permit.contentType) throw new Problem("wrong-content-type");
  const length = headers["content-length"];
  if (length !== undefined && Number(length) !== permit.bytes) throw new Problem("wrong-size");
}

/** Yields the body of a request and checks its size. Does not destroy the request, which still needs a response. */
async function* exactly(bytes: number, request: Request) {
  let received = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    received += (chunk as Buffer).length;
    if (received > bytes) throw new Problem("wrong-size");
    yield chunk as Buffer;
  }
  if (received < bytes) throw new Problem("wrong-size");
}
