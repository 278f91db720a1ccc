import { spawnSync } from "node:child_process";

const hasSetpriv = spawnSync("setpriv", ["--pdeathsig=TERM", "true"]).status === 0;

/**
 * A prefix for a command: its process gets the signal when its parent dies, even by SIGKILL.
 * Empty if util-linux is missing.
 */
export const endedWithParent = (signal: "INT" | "TERM"): string[] =>
  hasSetpriv ? ["setpriv", `--pdeathsig=${signal}`] : [];
