-- Two lanes on the way to the broker: jobs of batches, and the others, which need not wait for a flood of the first.
DROP INDEX "Job_pending_idx";
CREATE INDEX "Job_pending_idx" ON "Job"("dueAt") WHERE (state = 'PENDING' AND "batchId" IS NULL);
CREATE INDEX "Job_pending_batch_idx" ON "Job"("dueAt") WHERE (state = 'PENDING' AND "batchId" IS NOT NULL);

-- Without completed jobs, a finished batch costs nothing to count.
DROP INDEX "Job_batchId_idx";
CREATE INDEX "Job_batchId_idx" ON "Job"("batchId") WHERE ("batchId" IS NOT NULL AND state <> 'COMPLETED');
