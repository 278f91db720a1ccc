import { AsyncLocalStorage } from "node:async_hooks";
import type { SpanOptions, Tracing } from "./trace.ts";

/** Why jobs are enqueued. Recorded with each of them. */
export interface Origin {
  /** The request, as in its X-Request-Id. */
  requestId?: string;
  /** The job whose run it is. */
  causeId?: string;
  /** Continues the current trace. */
  tracing?: Tracing | undefined;
}

const current = new AsyncLocalStorage<Origin>();

/** Calls `work`. The jobs that it and what it awaits enqueue have this origin, instead of an outer one. */
export const withOrigin = <Result>(origin: Origin, work: () => Result): Result => current.run(origin, work);

export const currentOrigin = (): Origin => current.getStore() ?? {};

/** Calls `work` in a span if the current request or run is traced, and else without one. */
export const traced = <Result>(
  name: string,
  options: SpanOptions,
  work: () => Promise<Result>,
): Promise<Result> => {
  const { tracing } = currentOrigin();
  return tracing ? tracing.during(name, options, work) : work();
};
