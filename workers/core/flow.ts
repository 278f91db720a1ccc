import type { z } from "zod";
import type { ChildNode, EnqueueOptions, FlowNode, JobDefinition, OnFailure } from "./job.ts";

interface NodeOptions extends EnqueueOptions {
  onFailure?: OnFailure;
  /** They run first, in parallel. */
  children?: readonly ChildNode[];
}

/**
 * A job of a flow, for `enqueueFlow`. Every child states what its failure does to its parent.
 * @throws TypeError when a child has an idempotency key: the key of the root stands for the whole flow
 */
export const node = <Schema extends z.ZodType, Options extends NodeOptions>(
  job: JobDefinition<Schema>,
  payload: z.input<Schema>,
  options?: Options,
): FlowNode & Pick<Options, keyof Options & "onFailure"> => {
  const { children = [], onFailure, ...rest }: NodeOptions = options ?? {};
  const keyed = children.find((child) => child.job.key);
  if (keyed) throw new TypeError(`the job ${keyed.job.name} has an idempotency key and cannot be a child`);
  const made = {
    job: job as JobDefinition,
    payload,
    options: rest,
    children,
    ...(onFailure && { onFailure }),
  };
  return made as FlowNode & Pick<Options, keyof Options & "onFailure">;
};
