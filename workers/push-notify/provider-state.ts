/** The last devices that the breaker looks at. */
const REMEMBERED = 500;
/** As many tokens may be gone as a fifth of this number, before so many devices are known. */
const SMALLEST_BATCH = 50;
const LARGEST_SHARE = 0.2;
/** Milliseconds between two alerts. */
const ALERT_EVERY = 60_000;

export interface ProviderState {
  /** Milliseconds until the provider may be called again. */
  pause(): Promise<number>;
  pauseFor(ms: number): Promise<unknown>;
  accepted(deviceId: string): void;
  /** Whether the token may be removed that the provider calls gone. */
  mayRemove(deviceId: string): boolean;
  /** Whether the last devices include one that the provider has accepted. */
  othersPass(): boolean;
}

/** Where the pauses of all processes are. */
export interface SharedPause {
  /** Milliseconds until the end of the longest one; 0 if there is none. */
  read(): Promise<number>;
  /** A longer pause that is in force stays in force. */
  write(ms: number): Promise<unknown>;
}

/**
 * What is known about the provider: until when it asks for a pause, also the other processes if they share it, and how
 * many tokens are gone. With the
 * credentials of a wrong project every token seems gone, so nothing is removed while more than a fifth of the last
 * tokens is (of at least fifty: ten may go before that many are known). `alert` is then called, once a minute at most.
 */
export const createProviderState = (
  alert: (problem: string) => void,
  { shared, now = Date.now }: { shared?: SharedPause; now?: () => number } = {},
): ProviderState => {
  let pausedUntil = 0;
  let silentUntil = 0;
  /** By device, the least recent first: whether its token is gone. */
  const devices = new Map<string, boolean>();
  let gone = 0;

  const remember = (deviceId: string, isGone: boolean) => {
    forget(deviceId);
    devices.set(deviceId, isGone);
    if (isGone) gone++;
    const [oldest] = devices.keys();
    if (devices.size > REMEMBERED && oldest !== undefined) forget(oldest);
  };
  const forget = (deviceId: string) => {
    if (devices.get(deviceId)) gone--;
    devices.delete(deviceId);
  };

  return {
    pause: async () => {
      const wait = pausedUntil - now();
      return wait > 0 ? wait : ((await shared?.read()) ?? 0);
    },
    pauseFor: async (ms) => {
      pausedUntil = Math.max(pausedUntil, now() + ms);
      await shared?.write(ms);
    },
    accepted: (deviceId) => remember(deviceId, false),
    mayRemove: (deviceId) => {
      remember(deviceId, true);
      if (gone <= LARGEST_SHARE * Math.max(SMALLEST_BATCH, devices.size)) return true;
      if (now() >= silentUntil) {
        silentUntil = now() + ALERT_EVERY;
        alert(
          `${gone} of the last ${devices.size} tokens are gone: check the project of FCM_CREDENTIALS. None is removed`,
        );
      }
      return false;
    },
    othersPass: () => devices.size > gone,
  };
};
