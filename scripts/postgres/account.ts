import { spawnSync } from "node:child_process";
import { chownSync, mkdirSync, statSync } from "node:fs";
import { endedWithParent } from "../processes/parent-death.ts";

/** How to run a program as a user whom PostgreSQL accepts, which root is not. */
export interface Account {
  /** Goes before the program and its arguments. */
  readonly prefix: readonly string[];
  readonly identity: { readonly uid?: number; readonly gid?: number };
}

/**
 * The account that owns the folder, which is made if need be: our own, or that of `nobody` where we are root.
 * @throws Error if the folder is another user's.
 */
export const accountFor = (folder: string): Account => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (process.getuid?.() !== 0) return ownAccount(folder);
  const { uid, gid } = ownerBesidesRoot(folder);
  const identity = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
  const prefix = [...endedWithParent("INT"), ...identity, ...reachEverything];
  return works(prefix) ? { prefix, identity: {} } : { prefix: [], identity: { uid, gid } };
};

// A checkout below /root or in a private temporary folder is closed to others, but for this capability. The last flag lets
// access(2), with which PostgreSQL looks for its own programs, honour it.
const reachEverything = [
  "--inh-caps=+dac_override",
  "--ambient-caps=+dac_override",
  "--securebits=+no_setuid_fixup",
];

const ownAccount = (folder: string): Account => {
  if (process.getuid && statSync(folder).uid !== process.getuid())
    throw new Error(
      `${folder} is another user's: remove it, or start as that user (root, if you started as root before).`,
    );
  return { prefix: endedWithParent("INT"), identity: {} };
};

const ownerBesidesRoot = (folder: string): { uid: number; gid: number } => {
  const { uid, gid } = statSync(folder);
  if (uid !== 0) return { uid, gid };
  const nobody = { uid: 65_534, gid: 65_534 };
  chownSync(folder, nobody.uid, nobody.gid);
  return nobody;
};

const works = ([program = "", ...args]: readonly string[]) =>
  spawnSync(program, [...args, "true"]).status === 0;
