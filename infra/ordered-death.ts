/** What a process says to its supervisor before it kills itself, over the IPC channel of `spawn`. */
const MESSAGE = "offstage: killed by an order";

/**
 * Kills this process with SIGKILL, as a crash or the kernel would: nothing is closed, released or committed. Only for
 * demonstrations where SANDBOX is on. A supervisor that started it with an IPC channel learns first that the end was
 * ordered.
 */
export const dieAsOrdered = async (): Promise<never> => {
  await new Promise<void>((resolve) => {
    if (!process.send || !process.connected) return resolve();
    process.send(MESSAGE, () => resolve()); // an error means that the supervisor has ended
  });
  process.kill(process.pid, "SIGKILL");
  return new Promise<never>(() => {});
};

/** Whether a program's message announces such an end. */
export const isOrderedDeath = (message: unknown): boolean => message === MESSAGE;
