/** What happened to other mails. */
export interface Evidence {
  /** A mail to another recipient, sent after this recipient was first refused in this way, was accepted. */
  othersPass: boolean;
  /** Begins a pause if the provider refuses every mail, and none is in force. Returns its milliseconds, otherwise 0. */
  pause(): number;
}

/** The sending of one mail. */
export interface Sending {
  accepted(): void;
  /** Records a refusal of this kind and compares it with what happened to other mails. */
  refused(kind: string): Evidence;
}

interface Refusal {
  kind: string;
  /** On the clock that counts events. */
  first: number;
  last: number;
  /** Milliseconds since 1970. */
  at: number;
}

/** Recipients refused one after the other, none accepted in between, that count as "every mail". */
const EVERY_MAIL = 3;

/** Milliseconds of the first pause. Each next one is twice as long, until a mail is accepted. */
const FIRST_PAUSE = 5_000;
const MAX_PAUSE = 60_000;

/** Milliseconds in which a refusal counts: longer than the longest backoff, which is 12.5 minutes. */
const RELEVANT = 900_000;

/** Refusals that are remembered. The oldest is forgotten first. */
const CAPACITY = 1_000;

/**
 * Remembers what the provider accepted and refused lately, to decide whether a refusal is about one recipient or about
 * the sender. One per process and provider: other settings and other processes have their own.
 */
export const createEvidence = (now = Date.now) => {
  /** By kind and recipient, the oldest first. */
  const refusals = new Map<string, Refusal>();
  const clock = { events: 0, lastAccepted: 0 };
  const pause = { length: 0, until: 0 };

  const record = (kind: string, recipient: string): Refusal => {
    const key = `${kind} ${recipient}`;
    const event = ++clock.events;
    const refusal = { kind, first: refusals.get(key)?.first ?? event, last: event, at: now() };
    refusals.delete(key);
    refusals.set(key, refusal);
    for (const oldest of refusals.keys()) if (refusals.size > CAPACITY) refusals.delete(oldest);
    return refusal;
  };

  const isEveryMail = (kind: string): boolean => {
    const inARow = [...refusals.values()].filter(
      (each) => each.kind === kind && each.last > clock.lastAccepted && each.at > now() - RELEVANT,
    );
    return inARow.length >= EVERY_MAIL;
  };

  const beginPause = (): number => {
    pause.length = Math.min(MAX_PAUSE, pause.length * 2 || FIRST_PAUSE);
    pause.until = now() + pause.length;
    return pause.length;
  };

  return {
    /** Call it before the mail is sent. */
    begin: (recipient: string): Sending => {
      const start = ++clock.events;
      return {
        accepted: () => {
          // A mail that was in progress when another was refused says nothing about the time after that refusal.
          clock.lastAccepted = Math.max(clock.lastAccepted, start);
          pause.length = 0;
          for (const key of refusals.keys()) if (key.endsWith(` ${recipient}`)) refusals.delete(key);
        },
        refused: (kind) => {
          const { first } = record(kind, recipient);
          return {
            othersPass: clock.lastAccepted > first,
            // During a pause, mails in progress retry later: otherwise they would all be first again after it.
            pause: () => (now() >= pause.until && isEveryMail(kind) ? beginPause() : 0),
          };
        },
      };
    },
  };
};
