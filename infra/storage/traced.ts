import { traced } from "../../workers/core/index.ts";
import type { Storage } from "./storage.ts";

/** The same storage, with a span for each operation of a request or a run. Keys are not recorded. */
export const traceStorage = (storage: Storage): Storage => {
  const within = <Result>(operation: string, work: () => Promise<Result>): Promise<Result> =>
    traced(`storage ${operation}`, { kind: "client" }, work);
  return {
    ...storage,
    head: (key) => within("head", () => storage.head(key)),
    read: (key, range) => within("read", () => storage.read(key, range)),
    write: (key, body, contentType, around) =>
      within("write", () => storage.write(key, body, contentType, around)),
    folders: (prefix, after, limit) => within("folders", () => storage.folders(prefix, after, limit)),
    remove: (keys) => within("remove", () => storage.remove(keys)),
  };
};
