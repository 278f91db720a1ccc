interface Transport {
  close(): void;
}

/** A place for one connection. */
interface Slot<T extends Transport> {
  transport: T;
  /** Mails that its connection has handled. 0: the next send opens a new one. */
  mails: number;
}

interface Waiting {
  start(): void;
  fail(error: unknown): void;
}

/**
 * Milliseconds until one more connection is tried. The provider may allow more again, or another process may have
 * released its connections. Each try that is refused doubles the time up to the maximum: providers count refused
 * connections, and may block clients that repeat them.
 */
const FIRST_TRY = 5_000;
const MAX_BETWEEN_TRIES = 300_000;

/**
 * Up to `max` connections, as many as the provider allows. When it refuses one while this process uses others, the
 * number in use becomes the limit, and the mail waits for one of them. When it refuses the only one, the mail and those
 * that wait fail with the provider's error. `open` makes a transport of one connection.
 */
export const createConnections = <T extends Transport>(open: () => T, max: number, now = Date.now) => {
  const slots: Slot<T>[] = [];
  /** The slot used last is on top. It is used first, so that idle connections time out. */
  const free: Slot<T>[] = [];
  const waiting: Waiting[] = [];
  let busy = 0;
  let limit = max;
  let untilTry = FIRST_TRY;
  let tryAt = 0;
  /** Whether the latest try has not been refused. */
  let isTrying = false;

  const claim = (): Slot<T> => {
    busy += 1;
    const [slot] = free.splice(Math.max(free.findLastIndex(isOpen), 0), 1);
    if (slot) return slot;
    const added = { transport: open(), mails: 0 };
    slots.push(added);
    return added;
  };

  /** A mail that was refused before goes first. */
  const take = (signal: AbortSignal | undefined, isRepeated: boolean): Promise<Slot<T>> => {
    signal?.throwIfAborted();
    if (busy < limit && (isRepeated || waiting.length === 0)) return Promise.resolve(claim());
    return new Promise((resolve, reject) => {
      const abort = () => {
        waiting.splice(waiting.indexOf(entry), 1);
        reject(signal?.reason);
      };
      const end = () => signal?.removeEventListener("abort", abort);
      const entry: Waiting = {
        start: () => (end(), resolve(claim())),
        fail: (error) => (end(), reject(error)),
      };
      if (isRepeated) waiting.unshift(entry);
      else waiting.push(entry);
      signal?.addEventListener("abort", abort, { once: true });
    });
  };

  const serve = () => {
    while (busy < limit && waiting.length > 0) waiting.shift()?.start();
  };

  const release = (slot: Slot<T>) => {
    busy -= 1;
    free.push(slot);
    serve();
  };

  const raise = () => {
    if (waiting.length === 0 || limit === max || now() < tryAt) return;
    if (isTrying) untilTry = FIRST_TRY;
    isTrying = true;
    limit += 1;
    tryAt = now() + untilTry;
  };

  const lower = (to: number) => {
    limit = Math.max(1, Math.min(limit, to));
    if (isTrying) untilTry = Math.min(MAX_BETWEEN_TRIES, untilTry * 2);
    isTrying = false;
    tryAt = now() + untilTry;
  };

  const reopen = (slot: Slot<T>) => {
    slot.transport.close();
    Object.assign(slot, { transport: open(), mails: 0 });
  };

  /** Whether the mail can be sent again in this run, after `error`. */
  const canRepeat = (slot: Slot<T>, error: unknown): boolean => {
    const wasOpen = isOpen(slot);
    slot.mails = keepsConnection(error) ? slot.mails + 1 : 0;
    if (wasOpen && wasNotSent(error)) return true;
    if (!isRefusedConnection(error, wasOpen)) return false;
    reopen(slot);
    const others = busy - 1 + free.filter(isOpen).length;
    lower(others);
    if (others > 0) return true;
    for (const each of waiting.splice(0)) each.fail(error);
    return false;
  };

  return {
    /**
     * Calls `send` with a transport whose connection is free.
     * @throws what `send` throws, and the signal's reason
     */
    use: async (send: (transport: T) => Promise<unknown>, signal?: AbortSignal): Promise<void> => {
      for (let isRepeated = false; ; isRepeated = true) {
        const slot = await take(signal, isRepeated);
        try {
          await send(slot.transport);
          slot.mails += 1;
          return raise();
        } catch (error) {
          if (!canRepeat(slot, error)) throw error;
        } finally {
          release(slot);
        }
      }
    },
    close: (): void => {
      for (const { transport } of slots) transport.close();
    },
  };
};

const isOpen = ({ mails }: { mails: number }): boolean => mails > 0;

const factsOf = (error: unknown): Record<string, unknown> => ({ ...(typeof error === "object" && error) });

/** As nodemailer decides: after a refused envelope or message, the connection is used again. */
const keepsConnection = (error: unknown): boolean => {
  const { code, responseCode } = factsOf(error);
  return (code === "EENVELOPE" || code === "EMESSAGE") && responseCode !== 421;
};

/** The server closed the connection before any part of the mail, for example with 421 after a number of mails. */
const wasNotSent = (error: unknown): boolean => {
  const { code, command } = factsOf(error);
  return code === "ECONNECTION" && command === undefined;
};

/**
 * The provider allows no further connection now. It says so at the greeting (421 and others, or 554), at AUTH (421,
 * 454), or by 432 (Office 365) at any command. Others close the connection without a greeting.
 */
const isRefusedConnection = (error: unknown, wasOpen: boolean): boolean => {
  const { code, command, originalCode, responseCode } = factsOf(error);
  if (typeof responseCode !== "number")
    return (
      originalCode === "ECONNREFUSED" ||
      (!wasOpen && (code === "ECONNECTION" || ["ECONNRESET", "EPIPE"].includes(String(originalCode))))
    );
  if (responseCode === 432) return true;
  if (command === "CONN") return code === "EPROTOCOL" && (responseCode < 500 || responseCode === 554);
  return responseCode < 500 && /^(EHLO|HELO|LHLO|STARTTLS|AUTH)/.test(String(command));
};
