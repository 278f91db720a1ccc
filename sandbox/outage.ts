import { EventEmitter } from "node:events";
import { z } from "zod";

const state = z.strictObject({ mail: z.enum(["off", "refuse", "reject", "slow", "hang"]) });

/** The switch that breaks the providers, and tells its listeners when it is turned. */
export class Outage extends EventEmitter<{ change: [] }> {
  #now: z.infer<typeof state> = { mail: "off" };

  get now() {
    return this.#now;
  }

  /** @throws ZodError on anything but a known state */
  turn(next: unknown) {
    this.#now = state.parse(next);
    this.emit("change");
    return this.#now;
  }
}
