import { PermanentError, ProviderError, RateLimitedError, type Payload, type Run } from "../core/index.ts";
import { classifyPushError, type Failure } from "./failure.ts";
import { pushNotify } from "./job.ts";
import type { ProviderState } from "./provider-state.ts";

interface Device {
  id: string;
  userId: string;
  token: string;
  platform: "ANDROID" | "IOS" | "WEB";
  /** The sequence number of the last notification that it was sent. */
  sentUpTo: number;
}

interface Notification {
  id: string;
  userId: string;
  recordId: string | null;
  actorId: string | null;
  sequence: number;
  kind: string;
  createdAt: Date;
  readAt: Date | null;
}

interface Text {
  title: string;
  text: string;
  /** Below the public URL. */
  path: string;
}

interface Push extends Omit<Text, "path"> {
  token: string;
  platform: Device["platform"];
  eventId: string;
  sequence: number;
  kind: string;
  url: string;
  /** Milliseconds. */
  ttl: number;
}

export interface Deps<N extends Notification = Notification> {
  /** Undefined when pushes are off. @throws an error with the facts in failure.ts */
  send: ((push: Push, signal: AbortSignal) => Promise<void>) | undefined;
  /** Null when the user is deleted, or must not get pushes. */
  findUser(id: string): Promise<{ closedAt: Date | null; notifyByPush: boolean } | null>;
  findDevices(userId: string): Promise<Device[]>;
  /**
   * Those for devices with a higher sequence number, in order. None if the device was removed or belongs to another
   * user by now, or if the account is closed.
   */
  findNotifications(device: Device, after: number, limit: number): Promise<N[]>;
  textsOf(notifications: N[]): Promise<Map<string, Text>>;
  /** Resolves with false in the same cases. */
  markSent(device: Device, sequence: number): Promise<boolean>;
  removeDevice(device: Device): Promise<void>;
  provider: ProviderState;
  publicUrl: string;
}

type PushRun = Pick<Run, "signal" | "enqueue">;

/** Milliseconds. Older notifications are not sent, and FCM does not keep them longer. */
const TTL = 86_400_000;
/** Notifications that are read at a time. */
const PAGE = 50;
/** Milliseconds. A run that has more to send leaves it to a job after it. */
const LONGEST_RUN = 60_000;

export const pushNotifications =
  <N extends Notification>(deps: Deps<N>) =>
  async ({ userId }: Payload<typeof pushNotify>, run: PushRun) => {
    const { send } = deps;
    if (!send) return "skipped: pushes are off";
    const user = await deps.findUser(userId);
    if (!user) return "skipped: the user no longer exists";
    if (user.closedAt) return "skipped: the account is closed";
    if (!user.notifyByPush) return "skipped: the user wants no pushes";

    const drain = createDrain({ ...deps, send }, run);
    const failures: Exclude<Failure, { about: "all" }>[] = [];
    // Those that are behind come first, so that a run that ends early does not always leave out the same ones.
    const devices = (await deps.findDevices(userId)).toSorted((one, other) => one.sentUpTo - other.sentUpTo);
    for (const device of devices) failures.push(...(await drain.device(device)));

    if (drain.isLate()) run.enqueue(pushNotify, { userId });
    const errors = failures.flatMap((failure) => ("error" in failure ? [failure.error] : []));
    // The retry sends only what failed: the others are marked.
    const temporary = errors.find((error) => !(error instanceof PermanentError));
    if (temporary) throw summary(ProviderError, temporary, devices.length);
    // Not in a run that was cut short: only a completed job enqueues the one after it.
    if (errors[0] && !drain.isLate()) throw summary(PermanentError, errors[0], devices.length);
    return drain.result();
  };

const summary = (Type: typeof ProviderError | typeof PermanentError, { message }: Error, devices: number) =>
  new Type(`${message} (the user has ${devices} devices)`);

const createDrain = <N extends Notification>(
  deps: Deps<N> & { send: NonNullable<Deps["send"]> },
  run: PushRun,
) => {
  const { provider } = deps;
  const end = Date.now() + LONGEST_RUN;
  let isCutShort = false;
  const counts = { sent: 0, skipped: 0, removed: 0 };

  /** Sends what one device lacks. Resolves with what failed. @throws RateLimitedError if no push can be sent */
  const drainDevice = async (device: Device): Promise<Exclude<Failure, { about: "all" }>[]> => {
    const failures: Exclude<Failure, { about: "all" }>[] = [];
    for (let after = device.sentUpTo; ;) {
      const notifications = await deps.findNotifications(device, after, PAGE);
      const texts = await deps.textsOf(notifications.filter(isWanted));
      let marked = after;
      for (const notification of notifications) {
        if (Date.now() >= end) {
          isCutShort = true;
          return failures;
        }
        after = notification.sequence;
        const text = texts.get(notification.id);
        if (!text) {
          counts.skipped++;
          continue;
        }
        const failure = await attempt(device, notification, text);
        if (failure) failures.push(failure);
        if (failure && failure.about !== "push") return failures;
        // What is left is not for this user.
        if (!(await deps.markSent(device, after))) return failures;
        marked = after;
      }
      if (after > marked) await deps.markSent(device, after);
      if (notifications.length < PAGE) return failures;
    }
  };

  const attempt = async (device: Device, notification: Notification, { title, text, path }: Text) => {
    run.signal.throwIfAborted();
    const wait = await provider.pause();
    if (wait > 0) throw new RateLimitedError(wait);
    const { token, platform } = device;
    const { id: eventId, sequence, kind } = notification;
    const url = deps.publicUrl + path;
    try {
      await deps.send({ token, platform, eventId, sequence, kind, title, text, url, ttl: TTL }, run.signal);
      counts.sent++;
      provider.accepted(device.id);
      return undefined;
    } catch (error) {
      run.signal.throwIfAborted();
      const failure = classifyPushError(error, provider.othersPass());
      if (failure.about === "all") {
        await provider.pauseFor(failure.error.ms);
        throw failure.error;
      }
      return failure.about === "token" ? removeToken(device) : failure;
    }
  };

  const removeToken = async (device: Device): Promise<Exclude<Failure, { about: "all" }>> => {
    if (!provider.mayRemove(device.id)) return { about: "device", error: new ProviderError(KEPT) };
    await deps.removeDevice(device);
    counts.removed++;
    return { about: "token" };
  };

  return {
    device: drainDevice,
    isLate: () => isCutShort,
    result: () => `sent ${counts.sent}, skipped ${counts.skipped}, removed ${counts.removed} devices`,
  };
};

const KEPT = "FCM no longer knows the token. It is kept, because too many are gone";

const isWanted = ({ createdAt, readAt }: Notification): boolean =>
  readAt === null && createdAt.getTime() > Date.now() - TTL;
