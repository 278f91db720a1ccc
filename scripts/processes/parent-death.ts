import { spawnSync } from "node:child_process";

const hasSetpriv = spawnSync("setpriv", ["--pdeathsig=TERM", "true"]).status === 0;

/**
 * Goes before a command: sends it the signal when the process that started it dies, even by SIGKILL.
 * Nothing where util-linux is missing.
 */
export const endedWithParent = (signal: "INT" | "TERM"): string[] =>
  hasSetpriv ? ["setpriv", `--pdeathsig=${signal}`] : [];
