import { DelayedError, UnrecoverableError, type Job as BrokerJob } from "bullmq";
import type { RunOutcome } from "./ledger/runs.ts";
import type { Consumer } from "./pause.ts";

/** A job that the broker has given to this process: its lock's token, and the consumer that took it. */
export interface Held {
  brokerJob: BrokerJob;
  token: string;
  consumer: Consumer;
}

/** Thrown to the broker, which delivers the job again after `delay` ms. */
export class RetryError extends Error {
  readonly delay: number;

  constructor(message: string, delay: number) {
    super(message);
    this.delay = delay;
  }
}

/** Throws the error by which BullMQ decides when to deliver the job again, if at all. */
export const refuse = async (held: Held, { outcome, error, delay }: RunOutcome): Promise<never> => {
  if (outcome === "failed") throw new UnrecoverableError(error ?? outcome);
  if (outcome === "retry") throw new RetryError(error ?? outcome, delay);
  return release(held, delay);
};

/** Gives the job back, to be delivered again after `delay` ms. */
export const release = async ({ brokerJob, token }: Held, delay: number): Promise<never> => {
  await brokerJob.moveToDelayed(Date.now() + delay, token);
  throw new DelayedError();
};
