import type { z } from "zod";

/** Exponential: `delay` ms before the second attempt, doubled before each next one up to `max` ms, each with jitter. */
export interface Backoff {
  delay: number;
  max: number;
  /** 0 to 1: the share of the delay that is spread at random around it, so that retries do not march in step. */
  jitter: number;
}

/** What a job promises: its stable name, the shape of its payload, and how it is retried and limited. */
export interface JobDefinition<Schema extends z.ZodType = z.ZodType> {
  name: string;
  payload: Schema;
  /**
   * Derives the idempotency key: enqueueing twice under one key is one job, for as long as its row is kept and not
   * cancelled. Without a key, each enqueue is a job.
   */
  key: ((payload: z.output<Schema>) => string | undefined) | undefined;
  /**
   * Derives the ordering key: jobs with the same key run one at a time, in the order in which their transactions have
   * committed. A job blocks its key until it is completed, cancelled or in the dead letter, also while it waits for a
   * delay or a retry. A transaction that enqueues for a key makes others that do the same wait until it ends.
   */
  order: ((payload: z.output<Schema>) => string | undefined) | undefined;
  /** Failed attempts after which the job goes to the dead letter. */
  attempts: number;
  backoff: Backoff;
  /** Starts that may end with the death of their process before the job goes to the dead letter. */
  crashes: number;
  /**
   * 0 goes first, then 1, 2, … up to 2,097,151; derived from the payload, or one for all. An enqueue may set another.
   */
  priority: number | ((payload: z.output<Schema>) => number);
  /** At most `max` starts per `per` ms, over all processes. */
  rateLimit: { max: number; per: number } | undefined;
  /** Milliseconds that one run may take. */
  timeout: number;
  /** Runs at the same time in one process. */
  concurrency: number;
}

type Definition<Schema extends z.ZodType> = Pick<JobDefinition<Schema>, "name" | "payload"> &
  Partial<Omit<JobDefinition<Schema>, "name" | "payload" | "backoff"> & { backoff: Partial<Backoff> }>;

/**
 * Declares a job. Opens nothing, so that anyone may import it: the API to enqueue, a worker to run.
 * @throws TypeError when the name cannot be a queue's name
 */
export const defineJob = <Schema extends z.ZodType>(
  definition: Definition<Schema>,
): JobDefinition<Schema> => {
  if (!/^[a-z][a-z0-9-]*$/.test(definition.name)) throw new TypeError(`not a job name: "${definition.name}"`);
  return {
    key: undefined,
    order: undefined,
    attempts: 5,
    crashes: 3,
    priority: 0,
    rateLimit: undefined,
    timeout: 60_000,
    concurrency: 10,
    ...definition,
    backoff: { delay: 1_000, max: 600_000, jitter: 0.5, ...definition.backoff },
  };
};

/** Milliseconds to wait after the given number of failed attempts (1, 2, …). `random` is in [0, 1). */
export const backoffDelay = (
  { delay, max, jitter }: Backoff,
  failed: number,
  random = Math.random(),
): number => Math.round(Math.min(max, delay * 2 ** (failed - 1)) * (1 + jitter * (random - 0.5)));

/**
 * The priority of a job with this payload, unless the enqueue sets another.
 * @throws RangeError when it is not one of BullMQ's
 */
export const priorityOf = <Schema extends z.ZodType>(
  { priority }: JobDefinition<Schema>,
  payload: z.output<Schema>,
  other?: number,
): number => {
  const own = typeof priority === "function" ? priority(payload) : priority;
  return wholeNumber("priority", other ?? own, MAX_PRIORITY);
};

/** BullMQ's largest priority. */
const MAX_PRIORITY = 2_097_151;

/** @throws RangeError when the value is not a whole number from 0 to `max` */
export const wholeNumber = (what: string, value: number, max: number): number => {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new RangeError(`${what} ${value}: must be a whole number from 0 to ${max}`);
};

/** What a handler receives: the payload as its schema returns it. */
export type Payload<J extends JobDefinition> = z.output<J["payload"]>;

export interface EnqueueOptions {
  /** Milliseconds to wait in the ledger before the job is due. */
  delay?: number;
  /** Instead of the job's own priority. */
  priority?: number;
}

/** What a child's end in the dead letter does to its parent: it fails too, or it starts without that child's result. */
export type OnFailure = "fail-parent" | "continue";

/** A job as part of a flow: made by `node`, see flow.ts. */
export interface FlowNode {
  job: JobDefinition;
  payload: unknown;
  options: EnqueueOptions;
  children: readonly ChildNode[];
}

export interface ChildNode extends FlowNode {
  onFailure: OnFailure;
}

/** What became of a child, as its parent sees it. */
export interface Child {
  id: string;
  name: string;
  payload: unknown;
  state: "COMPLETED" | "FAILED";
  /** What its handler returned. */
  result: unknown;
  error: string | null;
}

/** The handler's side of a run. */
export interface Run<Tx = unknown> {
  /** The job's id in the ledger: the same at every attempt, so use it as the idempotency key towards providers. */
  readonly id: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /**
   * Aborts when the job's timeout is over, when its lock is lost, and when the process must end. A handler must stop
   * then: two seconds later the job may run again, here or elsewhere.
   */
  readonly signal: AbortSignal;
  /**
   * Stores the progress of the run in the ledger: any JSON, in the order of the calls.
   */
  progress(value: unknown): Promise<void>;
  /**
   * Adds a follow-up. It is inserted in the transaction that completes this job, so only if the job completes.
   * @throws Error after `complete`
   */
  enqueue<Schema extends z.ZodType>(
    job: JobDefinition<Schema>,
    payload: z.input<Schema>,
    options?: EnqueueOptions,
  ): void;
  /** Adds a flow as a follow-up. */
  enqueueFlow(root: FlowNode): void;
  /** The jobs of the flow that this one waited for. */
  children(): Promise<Child[]>;
  /** Commits the effect, the follow-ups and the completion in one transaction; its value becomes the job's result. */
  complete<Result>(effect: (tx: Tx) => Promise<Result>): Promise<Result>;
}

/** Return: done. Throw: retried with backoff. PermanentError: dead letter. RateLimitedError: the queue pauses. */
export type Handler<J extends JobDefinition = JobDefinition, Tx = unknown> = (
  payload: Payload<J>,
  run: Run<Tx>,
) => Promise<unknown>;

/** A job with the handler that does it. */
export interface Worker<Tx = unknown> {
  job: JobDefinition;
  handler: Handler<JobDefinition, Tx>;
  crashed?: Crashed<JobDefinition>;
}

/** Called before a job goes to the dead letter because its process has died too often, by a process that is alive. */
export type Crashed<J extends JobDefinition = JobDefinition> = (
  payload: Payload<J>,
  jobId: string,
) => Promise<unknown>;

/** Pairs a job with its handler, checking that they fit. */
export const defineWorker = <J extends JobDefinition, Tx>(
  job: J,
  handler: Handler<J, Tx>,
  crashed?: Crashed<J>,
): Worker<Tx> => ({ job, handler, ...(crashed && { crashed }) });
