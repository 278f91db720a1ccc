-- The relay publishes batches queue by queue, and of each queue only as many jobs as it has room for.
DROP INDEX "Job_pending_batch_idx";
CREATE INDEX "Job_pending_batch_idx" ON "Job"("name", "id") WHERE (state = 'PENDING' AND "batchId" IS NOT NULL);
CREATE INDEX "Job_batch_window_idx" ON "Job"("name") WHERE (state = 'PUBLISHED' AND "batchId" IS NOT NULL AND attempt = 0);
