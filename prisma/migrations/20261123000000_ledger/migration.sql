-- CreateEnum
CREATE TYPE "JobState" AS ENUM ('WAITING', 'PENDING', 'PUBLISHED', 'COMPLETED', 'FAILED', 'CANCELLED');

-- CreateTable
CREATE TABLE "Job" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "key" TEXT,
    "state" "JobState" NOT NULL DEFAULT 'PENDING',
    "epoch" INTEGER NOT NULL DEFAULT 1,
    "priority" INTEGER NOT NULL DEFAULT 0,
    "dueAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "crashes" INTEGER NOT NULL DEFAULT 0,
    "publishTries" INTEGER NOT NULL DEFAULT 0,
    "startedAt" TIMESTAMPTZ(3),
    "startedBy" TEXT,
    "progress" JSONB,
    "rootId" UUID,
    "parentId" UUID,
    "ifItFails" TEXT,
    "history" JSONB NOT NULL DEFAULT '[]',
    "result" JSONB,
    "error" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "publishedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Job_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "JobWorker" (
    "id" TEXT NOT NULL,
    "startedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "seenAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "JobWorker_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "JobLease" (
    "name" TEXT NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "JobLease_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE INDEX "Job_pending_idx" ON "Job"("dueAt") WHERE (state = 'PENDING');

-- CreateIndex
CREATE INDEX "Job_published_idx" ON "Job"("dueAt") WHERE (state = 'PUBLISHED');

-- CreateIndex
CREATE INDEX "Job_failed_idx" ON "Job"("finishedAt") WHERE (state = 'FAILED');

-- CreateIndex
CREATE INDEX "Job_waiting_idx" ON "Job"("dueAt") WHERE (state = 'WAITING');

-- CreateIndex
CREATE INDEX "Job_parentId_idx" ON "Job"("parentId") WHERE ("parentId" IS NOT NULL);

-- CreateIndex
CREATE INDEX "Job_rootId_idx" ON "Job"("rootId") WHERE ("rootId" IS NOT NULL);

-- CreateIndex
CREATE UNIQUE INDEX "Job_name_key_key" ON "Job"("name", "key") WHERE (key IS NOT NULL);

-- AddForeignKey
ALTER TABLE "Job" ADD CONSTRAINT "Job_parentId_fkey" FOREIGN KEY ("parentId") REFERENCES "Job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand, because the schema language cannot say it. Every job's row is updated two to four times within seconds: room for
-- heap-only updates on its own page, and a vacuum after 1 % of dead rows instead of 20 %, keep the relay's index scans short.
ALTER TABLE "Job" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.01);
