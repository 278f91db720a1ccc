const PATIENCE = 120_000;

/** Waits until `times` things have happened. @throws Error if that takes more than two minutes. */
export const countdown = (times: number): { tick(happened: number): void; readonly done: Promise<void> } => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let left = times;
  const late = () => reject(new Error(`${left} of ${times} jobs are missing after ${PATIENCE / 1_000} s`));
  const timer = setTimeout(late, PATIENCE);
  return {
    tick: (happened) => {
      left -= happened;
      if (left <= 0) resolve();
    },
    done: promise.finally(() => clearTimeout(timer)),
  };
};
