const TIMEOUT_MS = 120_000;

/**
 * `done` resolves when `tick` has counted `jobs` completed jobs, and rejects with an Error if that takes more than two
 * minutes.
 */
export const countdown = (jobs: number): { tick(completed: number): void; readonly done: Promise<void> } => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let remaining = jobs;
  const fail = () =>
    reject(new Error(`${remaining} of ${jobs} jobs are not completed after ${TIMEOUT_MS / 1_000} s`));
  const timer = setTimeout(fail, TIMEOUT_MS);
  return {
    tick: (completed) => {
      remaining -= completed;
      if (remaining <= 0) resolve();
    },
    done: promise.finally(() => clearTimeout(timer)),
  };
};
