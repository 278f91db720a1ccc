/** Milliseconds after the last viewer left until everything is repaired. */
const HEAL_AFTER = 300_000;

/** Milliseconds between two looks. */
const LOOK = 5_000;

interface HealingOptions {
  /** How many browsers watch this process. */
  viewers(): number;
  /** Finds out whether something is broken already: the process that broke it may have been killed. */
  adopt(): Promise<unknown>;
  /** Whether there is something to repair. */
  isBroken(): boolean;
  repair(): Promise<unknown>;
  onError(error: Error): void;
  /** Milliseconds, on a clock that never goes back. */
  now?(): number;
}

interface Healing {
  /** Looks now. Resolves when it has repaired what it had to. */
  look(): Promise<void>;
  close(): void;
}

/**
 * Repairs what is broken on purpose, 5 minutes after the last viewer has left, so that the next one finds a working
 * system.
 */
export const startHealing = (options: HealingOptions): Healing => {
  const { viewers, adopt, isBroken, repair, onError, now = () => performance.now() } = options;
  let lastViewed = now();
  let adopted = false;
  const look = async (): Promise<void> => {
    if (!adopted) {
      adopted = true;
      await adopt();
    }
    if (viewers() > 0) lastViewed = now();
    if (now() - lastViewed < HEAL_AFTER || !isBroken()) return;
    await repair().catch(onError); // tried again at the next look
  };
  const timer = setInterval(() => void look(), LOOK);
  return { look, close: () => clearInterval(timer) };
};
