import type { Payload, Run } from "../core/index.ts";
import type { reportPurge } from "./job.ts";

export interface Deps {
  exists(reportId: string): Promise<boolean>;
  list(prefix: string): AsyncIterable<string>;
  remove(keys: string[]): Promise<void>;
}

export const purgeReport =
  ({ exists, list, remove }: Deps) =>
  async ({ reportId }: Payload<typeof reportPurge>, { signal }: Pick<Run, "signal">) => {
    if (await exists(reportId)) return "kept: the report exists";
    const keys: string[] = [];
    for await (const key of list(`reports/${reportId}/`)) keys.push(key);
    signal.throwIfAborted();
    if (keys.length > 0) await remove(keys);
    return `objects removed: ${keys.length}`;
  };
