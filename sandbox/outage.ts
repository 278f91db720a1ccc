import { EventEmitter } from "node:events";
import { z } from "zod";

const mode = z.enum(["off", "refuse", "reject", "slow", "hang"]);
const state = z.strictObject({ mail: mode, transcription: mode });
const change = state.partial().refine((wanted) => Object.keys(wanted).length > 0, "must contain a provider");

/** The switches that break the providers. Listeners are notified of each change. */
export class Outage extends EventEmitter<{ change: [] }> {
  #now: z.infer<typeof state> = { mail: "off", transcription: "off" };

  get now() {
    return this.#now;
  }

  /** Changes the given providers only. @throws ZodError if a provider or mode is unknown */
  set(next: unknown) {
    this.#now = state.parse({ ...this.#now, ...change.parse(next) });
    this.emit("change");
    return this.#now;
  }
}
