import { spawnSync } from "node:child_process";
import { chownSync, mkdirSync, statSync } from "node:fs";
import { endedWithParent } from "../processes/parent-death.ts";

/** How to run a program as a user that PostgreSQL accepts: it refuses root. */
export interface Account {
  /** Goes before the program and its arguments. */
  readonly prefix: readonly string[];
  readonly identity: { readonly uid?: number; readonly gid?: number };
}

/**
 * The account that owns the folder: the current user, or an unprivileged one for root. Creates the folder if missing.
 * @throws Error if the folder belongs to another user.
 */
export const accountFor = (folder: string): Account => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (process.getuid?.() !== 0) return ownAccount(folder);
  const { uid, gid } = ownerBesidesRoot(folder);
  const identity = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
  const prefix = [...endedWithParent("INT"), ...identity, ...reachEverything];
  return works(prefix) ? { prefix, identity: {} } : { prefix: [], identity: { uid, gid } };
};

// Without this capability, the other user cannot read a checkout below /root or in a private temporary folder. With the
// last flag, access(2), which PostgreSQL uses to find its programs, takes the capability into account.
const reachEverything = [
  "--inh-caps=+dac_override",
  "--ambient-caps=+dac_override",
  "--securebits=+no_setuid_fixup",
];

const ownAccount = (folder: string): Account => {
  if (process.getuid && statSync(folder).uid !== process.getuid())
    throw new Error(
      `${folder} belongs to another user: remove it, or start as that user (as root, if you did so before).`,
    );
  return { prefix: endedWithParent("INT"), identity: {} };
};

const ownerBesidesRoot = (folder: string): { uid: number; gid: number } => {
  const { uid, gid } = statSync(folder);
  if (uid !== 0) return { uid, gid };
  const unprivileged = { uid: 65_534, gid: 65_534 };
  chownSync(folder, unprivileged.uid, unprivileged.gid);
  return unprivileged;
};

const works = ([program = "", ...args]: readonly string[]) =>
  spawnSync(program, [...args, "true"]).status === 0;
