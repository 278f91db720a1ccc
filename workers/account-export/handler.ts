import type { Readable } from "node:stream";
import type { Payload, Run } from "../core/index.ts";
import { ClosedError, createArchive } from "./archive.ts";
import { writeContents, type Sources } from "./contents.ts";
import type { RequestedExport, Written } from "./data.ts";
import type { accountExport } from "./job.ts";

export interface Deps<Tx> extends Sources {
  /** Resolves with undefined if it is not wanted any more: deleted, expired, or its account is closed. */
  findExport(exportId: string): Promise<RequestedExport | undefined>;
  /** Stores the ZIP, whole or not at all, in place of an earlier one. */
  write(exportId: string, zip: Readable): Promise<void>;
  /** Removes the stored ZIP, if there is one. */
  remove(exportId: string): Promise<void>;
  /** Makes the export ready and notifies its user. Resolves with "gone" if it is not wanted any more. */
  publish(tx: Tx, requested: RequestedExport, bytes: number): Promise<"published" | "gone">;
}

export const exportAccount =
  <Tx>(deps: Deps<Tx>) =>
  async ({ exportId }: Payload<typeof accountExport>, run: Run<Tx>): Promise<unknown> => {
    try {
      const requested = await findWanted(deps, exportId);
      const result = await writeZip(deps, requested, run);
      return await run.complete(async (tx) => {
        if ((await deps.publish(tx, requested, result.bytes)) === "gone") throw new GoneError();
        return result;
      });
    } catch (error) {
      if (!(error instanceof GoneError)) throw error;
      await deps.remove(exportId);
      return `skipped: ${error.message}`;
    }
  };

/** Before the commit it rolls the completion back, so that the file is removed before the job is completed. */
class GoneError extends Error {
  constructor() {
    super("the export is not wanted any more");
  }
}

const findWanted = async <Tx>({ findExport }: Deps<Tx>, id: string): Promise<RequestedExport> => {
  const requested = await findExport(id);
  if (!requested) throw new GoneError();
  return requested;
};

/** Writes the archive into the storage while it is made. */
const writeZip = async <Tx>(
  deps: Deps<Tx>,
  requested: RequestedExport,
  run: Pick<Run, "signal" | "progress">,
) => {
  const archive = createArchive(requested.createdAt, run.signal);
  const fill = async () => {
    try {
      const contents = await writeContents(archive, requested, deps, {
        check: () => run.signal.throwIfAborted(),
        wrote: async (written) => {
          await run.progress(written.length / (deps.listings.length + 1));
          await findWanted(deps, requested.id);
        },
      });
      archive.end();
      return contents;
    } catch (error) {
      archive.destroy(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  };
  // A storage that fails before it reads would let the archive wait for ever.
  const store = () => deps.write(requested.id, archive.output).finally(() => archive.output.destroy());
  const [stored, filled] = await Promise.allSettled([store(), fill()]);
  run.signal.throwIfAborted();
  // The archive was closed because it could not be stored: that is the reason then.
  if (filled.status === "rejected" && !(filled.reason instanceof ClosedError)) throw filled.reason;
  if (stored.status === "rejected") throw stored.reason;
  if (filled.status === "rejected") throw filled.reason;
  const { written, missing } = filled.value;
  return { bytes: archive.bytes, rows: sum(written, "rows"), files: sum(written, "files"), missing };
};

const sum = (written: readonly Written[], what: "rows" | "files") =>
  written.reduce((total, each) => total + each[what], 0);
