import { findBinaries } from "../../infra/media/binaries.ts";
import { createFfmpeg } from "../../infra/media/ffmpeg.ts";
import { removeAbandonedFolders } from "../../infra/media/folder.ts";
import { createInWorkspace, type InWorkspace } from "../../infra/media/workspace.ts";
import type { Infrastructure } from "./infrastructure.ts";

const opened = new WeakMap<Infrastructure, Promise<InWorkspace | undefined>>();

/**
 * Opens the workspace of ffmpeg, once for all modules of a process. Resolves with undefined, after one warning, where
 * ffmpeg is missing.
 */
export const openWorkspace = (infrastructure: Infrastructure): Promise<InWorkspace | undefined> => {
  const workspace = opened.get(infrastructure) ?? open(infrastructure);
  opened.set(infrastructure, workspace);
  return workspace;
};

const open = async ({ config, log, storage }: Infrastructure): Promise<InWorkspace | undefined> => {
  const found = await findBinaries(config);
  if ("missing" in found) {
    log.warn({}, `${found.missing} Until then, video jobs wait for a worker with ffmpeg.`);
    return undefined;
  }
  await removeAbandonedFolders();
  return createInWorkspace(storage, createFfmpeg(found));
};
