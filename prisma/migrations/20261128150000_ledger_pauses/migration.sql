-- Queues that stay paused, and the kind of the error that ended a job in a column of its own.
CREATE TABLE "JobPause" (
    "name" TEXT NOT NULL,
    "by" TEXT NOT NULL,
    "pausedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "JobPause_pkey" PRIMARY KEY ("name")
);

ALTER TABLE "Job" ADD COLUMN     "errorKind" TEXT;

-- Processes of the version before do not write it, so what they fail meanwhile is shown as of an unknown kind.
UPDATE "Job" SET "errorKind" = history -> -1 ->> 'kind' WHERE state = 'FAILED';
