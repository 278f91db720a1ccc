import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import S3rver from "s3rver";

const credentials = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" }; // the only account of s3rver
const bucket = "files";

/**
 * An S3 server with one bucket. s3rver does not check signatures of version 4, so they are checked here. Like older
 * versions of MinIO and Ceph, it requires Content-MD5 to remove several objects.
 */
export const startS3 = async (directory: string) => {
  const s3 = new S3rver({ directory, silent: true, configureBuckets: [{ name: bucket, configs: [] }] });
  await s3.configureBuckets();
  const handle = s3.callback();
  const server = createServer((request, response) => {
    const refuse = (status: number, code: string) =>
      response
        .writeHead(status, { "Content-Type": "application/xml" })
        .end(`<Error><Code>${code}</Code></Error>`);
    if (!isSigned(request)) return refuse(403, "SignatureDoesNotMatch");
    if (/\?delete\b/.test(request.url ?? "") && !request.headers["content-md5"])
      return refuse(400, "MissingContentMD5");
    return handle(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    options: { bucket, endpoint, region: "us-east-1", credentials },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      s3.logger.exceptions.unhandle();
      s3.logger.close();
    },
  };
};

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and …/sigv4-query-string-auth.html */
const isSigned = ({ method = "", url = "", headers }: IncomingMessage): boolean => {
  const [path = "", search = ""] = url.split("?");
  const query = new URLSearchParams(search);
  const header = Object.fromEntries(
    (headers.authorization ?? "")
      .replace("AWS4-HMAC-SHA256 ", "")
      .split(/, */)
      .map((pair) => pair.split("=")),
  ) as Record<string, string>;
  const part = (name: string) => header[name] ?? query.get(`X-Amz-${name}`) ?? "";

  const names = part("SignedHeaders").split(";");
  const canonical = [
    method,
    path,
    [...query]
      .filter(([name]) => name !== "X-Amz-Signature")
      .map((pair) => pair.map(encode).join("="))
      .sort()
      .join("&"),
    ...names.map((name) => `${name}:${String(headers[name] ?? "").trim()}`),
    "",
    names.join(";"),
    headers["x-amz-content-sha256"] ?? "UNSIGNED-PAYLOAD",
  ].join("\n");
  const [, ...scope] = part("Credential").split("/");
  const date = headers["x-amz-date"] ?? query.get("X-Amz-Date");
  const toSign = ["AWS4-HMAC-SHA256", date, scope.join("/"), hash(canonical)].join("\n");
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`);
  return hmac(key, toSign).toString("hex") === part("Signature");
};

const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
const hash = (text: string) => createHash("sha256").update(text).digest("hex");
const encode = (text: string) =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  );
