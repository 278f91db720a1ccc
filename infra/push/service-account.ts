import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";

/** What a process needs of a Google service account to sign in to FCM. */
export interface ServiceAccount {
  projectId: string;
  clientEmail: string;
  privateKey: string;
}

const file = z.object({
  project_id: z.string().min(1),
  client_email: z.string().min(1),
  private_key: z.string().refine(isPrivateKey),
});

/**
 * Reads a service account: the path of its JSON file, or the JSON itself.
 * @throws TypeError that says what is wrong, without the value
 */
export const parseServiceAccount = (pathOrJson: string): ServiceAccount => {
  const isJson = pathOrJson.trimStart().startsWith("{");
  const { data, error } = file.safeParse(parse(isJson ? pathOrJson : read(pathOrJson)));
  if (error) {
    const fields = [...new Set(error.issues.map(({ path }) => path.join(".")))].filter(Boolean).join(", ");
    throw new TypeError(`must be a service account of Google: ${fields || "its JSON"} is missing or invalid`);
  }
  return { projectId: data.project_id, clientEmail: data.client_email, privateKey: data.private_key };
};

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new TypeError(`must be a service account's JSON, or the path of a file that can be read (${code})`);
  }
};

const parse = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    throw new TypeError("must be a service account of Google: it is not JSON");
  }
};

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).type === "private";
  } catch {
    return false;
  }
}
