// The public surface of core. Job definitions import job.ts, and configurations redis-url.ts: neither loads a client
// library.
export { openBroker } from "./broker.ts";
export type { Broker, BrokerMemory } from "./broker.ts";
export { onCount } from "./counts.ts";
export type { Counted } from "./counts.ts";
export { createJobs, prepareFlow, prepareJob } from "./enqueue.ts";
export type { Database, Enqueue, EnqueueFlow, Jobs } from "./enqueue.ts";
export { prepareMany } from "./enqueue-many.ts";
export type { EnqueueMany, ManyItem, ManyOptions } from "./enqueue-many.ts";
export {
  describeError,
  PermanentError,
  ProviderError,
  RateLimitedError,
  ReleaseError,
  SupersededError,
} from "./errors.ts";
export type { ErrorKind, PauseOptions } from "./errors.ts";
export { node } from "./flow.ts";
export { defineJob, defineWorker } from "./job.ts";
export type { Child, FlowNode, Handler, JobDefinition, Payload, Run, Worker } from "./job.ts";
export { startTask } from "./lead.ts";
export type { RunningTask } from "./lead.ts";
export { findBatches } from "./ledger/batches.ts";
export type { Batch, BatchFilter, BatchRow } from "./ledger/batches.ts";
export { cancelJobs, replayJobs } from "./ledger/dead-letter.ts";
export { findPauses, pauseQueue, resumeQueue } from "./ledger/pauses.ts";
export type { Pause } from "./ledger/pauses.ts";
export { findFlow, findJob, findJobs, findJobsOfRecords } from "./ledger/read.ts";
export type { HistoryEntry, JobFilter, JobRow, JobState, RecordJob } from "./ledger/read.ts";
export { removeJobs, removeJobsOfRecords } from "./ledger/remove.ts";
export type { JobsOf } from "./ledger/remove.ts";
export type { Sql } from "./ledger/sql.ts";
export { throttledWarn } from "./log.ts";
export type { Log } from "./log.ts";
export type { Observe, RunReport } from "./outcome.ts";
export { createPgDatabase } from "./pg.ts";
export { traced, withOrigin } from "./origin.ts";
export type { Origin } from "./origin.ts";
export { PHASE, phaseOf } from "./phase.ts";
export type { Phase } from "./phase.ts";
export { PostgresPool } from "./postgres.ts";
export type { PoolState } from "./postgres.ts";
export { purgeInBatches } from "./purge.ts";
export type { PurgedBatch, PurgeOptions, PurgeStep } from "./purge.ts";
export { connectRedis, keyPrefix, mastersOf, type RedisClient } from "./redis.ts";
export { isRedisUrl, parseRedisUrl } from "./redis-url.ts";
export { startRelay } from "./relay.ts";
export { beginSession, checkPooler, fromPooler, PoolerError, ReadOnlyError } from "./session.ts";
export { startCore } from "./start.ts";
export type { Core, CoreOptions } from "./start.ts";
export { jobAttributes, spanIdOf, traceIdOf } from "./trace.ts";
export type { Attributes, Span, SpanOptions, Tracing } from "./trace.ts";
export type { QueueTally, WorkerAbout } from "./tally.ts";
