/**
 * Resolves with what `find` returns as soon as it is not undefined. It is asked at each change of the model and each
 * second. After `ms` milliseconds it resolves with undefined, and when the signal aborts it rejects.
 */
export const waitFor = (model, find, { ms = 60_000, signal } = {}) =>
  new Promise((resolve, reject) => {
    let busy = false;
    const check = async () => {
      if (busy) return;
      busy = true;
      try {
        const found = await find();
        if (found !== undefined) finish(resolve, found);
      } catch (error) {
        finish(reject, error);
      } finally {
        busy = false;
      }
    };
    const cancel = () => finish(reject, signal.reason);
    const finish = (settle, value) => {
      clearInterval(interval);
      clearTimeout(limit);
      unsubscribe();
      signal?.removeEventListener("abort", cancel);
      settle(value);
    };
    const unsubscribe = model.subscribe(() => void check());
    const interval = setInterval(check, 1_000);
    const limit = setTimeout(finish, ms, resolve, undefined);
    signal?.addEventListener("abort", cancel);
    if (signal?.aborted) cancel();
    else void check();
  });
