/** Milliseconds on the monotonic clock that all processes of a machine share. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** What the worker of start-worker.ts reports of each run. */
export interface Start {
  readonly job: string;
  readonly at: number;
}
