import type { Broker } from "../../workers/core/index.ts";

/** What the broker's own page needs. */
export interface Board {
  queue: Broker["queue"];
  /** Whether it may change the broker. What it changes there, the ledger repairs: see docs/admin.md. */
  isWritable: boolean;
}
