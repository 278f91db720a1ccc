import { setTimeout as sleep } from "node:timers/promises";

const names = ["database", "migrations", "broker"] as const;
type Name = (typeof names)[number];

/** The state of what the API depends on. */
export interface Readiness {
  check(): Promise<{ ready: boolean; checks: Record<Name, "ok" | "down"> }>;
  readonly closing: boolean;
  /** From now on, the API reports that it is not ready. */
  close(): void;
}

/** Milliseconds: shorter than the timeout of a load balancer's probe. */
const CHECK_TIMEOUT = 2_000;

/**
 * The broker is checked and reported, but the API is ready without it: requests still succeed, and their jobs wait in
 * the ledger. Taking the API out of service would turn a delay into an outage.
 */
export const createReadiness = (checks: Record<Name, () => Promise<void>>): Readiness => {
  let closing = false;
  return {
    check: async () => {
      const found = await Promise.all(names.map(async (name) => [name, await probe(checks[name])] as const));
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

const probe = async (check: () => Promise<void>): Promise<"ok" | "down"> => {
  const settled = new AbortController();
  const timeout = sleep(CHECK_TIMEOUT, undefined, { signal: settled.signal }).then(() =>
    Promise.reject(new Error("timed out")),
  );
  const outcome = Promise.race([check(), timeout]).then(
    () => "ok" as const,
    () => "down" as const,
  );
  return outcome.finally(() => {
    timeout.catch(() => {});
    settled.abort();
  });
};
