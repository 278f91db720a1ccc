-- Who enqueued a job, and what a worker process does. None of the indexes has a column that the start of a run or its
-- progress changes, so that these updates stay heap-only.
ALTER TABLE "Job" ADD COLUMN     "causeId" UUID,
ADD COLUMN     "requestId" TEXT;

ALTER TABLE "JobWorker" ADD COLUMN     "about" JSONB;

CREATE INDEX "Job_causeId_idx" ON "Job"("causeId") WHERE ("causeId" IS NOT NULL);
