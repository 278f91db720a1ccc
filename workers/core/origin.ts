import { AsyncLocalStorage } from "node:async_hooks";

/** Why jobs are enqueued. Recorded with each of them. */
export interface Origin {
  /** The request, as in its X-Request-Id. */
  requestId?: string;
  /** The job whose run it is. */
  causeId?: string;
}

const current = new AsyncLocalStorage<Origin>();

/** Calls `work`. The jobs that it and what it awaits enqueue have this origin, instead of an outer one. */
export const withOrigin = <Result>(origin: Origin, work: () => Result): Result => current.run(origin, work);

export const currentOrigin = (): Origin => current.getStore() ?? {};
