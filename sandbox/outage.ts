import { EventEmitter } from "node:events";
import { z } from "zod";

const mode = z.enum(["off", "refuse", "reject", "slow", "hang"]);
const state = z.strictObject({ mail: mode, transcription: mode });
const change = state.partial().refine((wanted) => Object.keys(wanted).length > 0, "name a provider");

/** The switches that break the providers. Listeners are notified of each change. */
export class Outage extends EventEmitter<{ change: [] }> {
  #now: z.infer<typeof state> = { mail: "off", transcription: "off" };

  get now() {
    return this.#now;
  }

  /** Leaves the providers that it does not name. @throws ZodError on anything but a known state */
  turn(next: unknown) {
    this.#now = state.parse({ ...this.#now, ...change.parse(next) });
    this.emit("change");
    return this.#now;
  }
}
