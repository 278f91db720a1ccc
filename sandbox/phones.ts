import { EventEmitter } from "node:events";

/** A push as a phone received it. */
export interface Received {
  /** From the push's data: the same at each repetition. */
  eventId: string;
  sequence: number | null;
  kind: string;
  title: string;
  body: string;
  url: string;
  receivedAt: string;
  /** Whether the phone has the same event already. */
  repeated: boolean;
}

/** A device, by its token. */
export interface Phone {
  token: string;
  platform: "ANDROID" | "IOS" | "WEB" | null;
  /** In the order of their arrival. */
  pushes: Received[];
  /** How many arrived, those included that were dropped. */
  total: number;
}

/** A call of the provider's API. Times are milliseconds since the epoch. */
export interface Call {
  token: string;
  eventId: string;
  arrivedAt: number;
  /** Null while it is not answered. */
  answeredAt: number | null;
  status: number | null;
}

interface Capacity {
  phones: number;
  pushes: number;
  calls: number;
}

/** The phones that received pushes, in memory. Beyond the capacity, the oldest are dropped. */
export class Phones extends EventEmitter<{ change: [] }> {
  readonly #phones = new Map<string, Phone>();
  readonly #calls: Call[] = [];
  readonly #capacity: Capacity;

  constructor(capacity: Capacity = { phones: 500, pushes: 200, calls: 20_000 }) {
    super();
    this.#capacity = capacity;
  }

  begin(token: string, eventId: string): Call {
    const call: Call = { token, eventId, arrivedAt: Date.now(), answeredAt: null, status: null };
    this.#calls.push(call);
    if (this.#calls.length > this.#capacity.calls) this.#calls.shift();
    return call;
  }

  deliver(token: string, platform: Phone["platform"], push: Omit<Received, "receivedAt" | "repeated">): void {
    const phone = this.#phones.get(token) ?? { token, platform, pushes: [], total: 0 };
    // The phone that received last is the last.
    this.#phones.delete(token);
    this.#phones.set(token, phone);
    const repeated = phone.pushes.some(({ eventId }) => eventId === push.eventId && eventId !== "");
    phone.pushes.push({ ...push, receivedAt: new Date().toISOString(), repeated });
    phone.total++;
    if (phone.pushes.length > this.#capacity.pushes) phone.pushes.shift();
    const [oldest] = this.#phones.keys();
    if (this.#phones.size > this.#capacity.phones && oldest !== undefined) this.#phones.delete(oldest);
    this.emit("change");
  }

  /** The one that received last comes first. */
  all(): Phone[] {
    return [...this.#phones.values()].reverse();
  }

  /** In the order of their arrival. */
  calls(): readonly Call[] {
    return this.#calls;
  }

  clear(): void {
    this.#phones.clear();
    this.#calls.length = 0;
    this.emit("change");
  }
}
