const PATIENCE = 120_000;

/** Waits until something has happened so many times. @throws Error if that takes more than two minutes. */
export const countdown = (times: number): { tick(): void; readonly done: Promise<void> } => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let left = times;
  const late = () => reject(new Error(`${left} of ${times} jobs are missing after ${PATIENCE / 1_000} s`));
  const timer = setTimeout(late, PATIENCE);
  return {
    tick: () => {
      left -= 1;
      if (left === 0) resolve();
    },
    done: promise.finally(() => clearTimeout(timer)),
  };
};
