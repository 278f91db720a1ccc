import { EventEmitter } from "node:events";
import { z } from "zod";

const modes = ["off", "refuse", "reject", "slow", "hang"] as const;
const mode = z.enum(modes);
const state = z.strictObject({
  mail: mode,
  transcription: mode,
  push: z.enum([...modes, "limit", "credentials"]),
});
const change = state.partial().refine((wanted) => Object.keys(wanted).length > 0, "must contain a provider");

/** The switches that break the providers. Listeners are notified of each change. */
export class Outage extends EventEmitter<{ change: [] }> {
  #now: z.infer<typeof state> = { mail: "off", transcription: "off", push: "off" };

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
