import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { createS3Storage } from "../../../infra/storage/s3.ts";

/** S3 storage whose store responds as the test says, until the test ends. */
export const openFakeStore = async (respond: RequestListener) => {
  const server = createServer(respond).listen(0, "127.0.0.1");
  await once(server, "listening");
  const storage = createS3Storage({
    bucket: "files",
    region: "us-east-1",
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  });
  onTestFinished(() => {
    storage.close();
    server.close();
    server.closeAllConnections();
  });
  return storage;
};
