import { setTimeout as sleep } from "node:timers/promises";

const names = ["database", "migrations", "broker"] as const;
type Name = (typeof names)[number];

/** What the API needs, and whether it is there. */
export interface Readiness {
  check(): Promise<{ ready: boolean; checks: Record<Name, "ok" | "down"> }>;
  readonly closing: boolean;
  /** From now on the answer is no. */
  close(): void;
}

/** Milliseconds: probes give up sooner than stores do. */
const PATIENCE = 2_000;

/**
 * The broker is looked at and shown, but does not decide: without it every request is answered and its jobs wait in the
 * ledger. To take the API out of service then would make an outage of a delay.
 */
export const createReadiness = (checks: Record<Name, () => Promise<void>>): Readiness => {
  let closing = false;
  return {
    check: async () => {
      const found = await Promise.all(names.map(async (name) => [name, await look(checks[name])] as const));
      const states = Object.fromEntries(found) as Record<Name, "ok" | "down">;
      return { ready: !closing && states.database === "ok" && states.migrations === "ok", checks: states };
    },
    get closing() {
      return closing;
    },
    close: () => {
      closing = true;
    },
  };
};

const look = async (check: () => Promise<void>): Promise<"ok" | "down"> => {
  const answered = new AbortController();
  const tooLate = sleep(PATIENCE, undefined, { signal: answered.signal }).then(() =>
    Promise.reject(new Error("too late")),
  );
  const outcome = Promise.race([check(), tooLate]).then(
    () => "ok" as const,
    () => "down" as const,
  );
  return outcome.finally(() => {
    tooLate.catch(() => {});
    answered.abort();
  });
};
