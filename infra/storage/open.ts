import { fileURLToPath } from "node:url";
import type { Config } from "../config.ts";
import { createLocalStorage } from "./local.ts";
import { createSigner } from "./signature.ts";
import type { Storage } from "./storage.ts";

type Settings = Pick<
  Config<"worker">,
  "storageUrl" | "s3Region" | "s3Endpoint" | "s3PublicEndpoint" | "s3Credentials" | "appSecret"
>;

/** Creates the configured storage. Opens no connection. */
export const openStorage = async (config: Settings): Promise<Storage> => {
  const { protocol, hostname } = new URL(config.storageUrl);
  if (protocol === "file:")
    return createLocalStorage({
      folder: fileURLToPath(config.storageUrl),
      signer: createSigner(config.appSecret),
    });
  // Imported only when used, because its client takes 20 MB of memory.
  const { createS3Storage } = await import("./s3.ts");
  return createS3Storage({
    bucket: hostname,
    region: config.s3Region,
    endpoint: config.s3Endpoint,
    publicEndpoint: config.s3PublicEndpoint,
    credentials: config.s3Credentials,
  });
};
