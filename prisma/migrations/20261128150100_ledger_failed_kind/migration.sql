-- The failures of any time by queue and kind are counted, listed and replayed from this index alone. It replaces one on
-- "finishedAt". As in that one, only failed jobs are in it, so jobs that succeed do not pay for it. It is built while the
-- ledger is written.
CREATE INDEX CONCURRENTLY "Job_failed_kind_idx" ON "Job"("finishedAt", "id", "name", "errorKind") WHERE (state = 'FAILED');
DROP INDEX CONCURRENTLY "Job_failed_idx";
