/** The monotonic clock in milliseconds. All processes of a machine share it. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** The message of start-worker.ts to its parent process for each run. */
export interface Start {
  /** The id of the job. */
  readonly job: string;
  /** The time at which the handler was called, as from `now`. */
  readonly at: number;
}
