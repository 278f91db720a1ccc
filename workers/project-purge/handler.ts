import type { Payload, Run } from "../core/index.ts";
import type { projectPurge } from "./job.ts";

export interface Deps {
  /** How many members the project has; undefined if it does not exist. */
  countMembers(projectId: string): Promise<number | undefined>;
  /**
   * In this order. Each deletes a bounded number of rows of one kind in its own transaction, and resolves with how
   * many: 0 when there are none left.
   */
  deletions: readonly ((projectId: string) => Promise<number>)[];
  deleteProject(projectId: string): Promise<void>;
}

export const purgeProject =
  ({ countMembers, deletions, deleteProject }: Deps) =>
  async ({ projectId }: Payload<typeof projectPurge>, { signal }: Pick<Run, "signal">) => {
    const members = await countMembers(projectId);
    if (members === undefined) return "skipped: the project no longer exists";
    if (members > 0) return "kept: the project has members";

    let deleted = 0;
    for (const deleteSome of deletions) {
      for (let count = -1; count !== 0; deleted += count) {
        signal.throwIfAborted();
        count = await deleteSome(projectId);
      }
    }
    await deleteProject(projectId);
    return `rows deleted: ${deleted + 1}`;
  };
