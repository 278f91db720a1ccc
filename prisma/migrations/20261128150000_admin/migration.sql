-- What the admin needs: the kind of a job's last error in a column, queues that stay paused, replays at a rate, and a row
-- for each action of an administrator.
ALTER TABLE "Job" ADD COLUMN     "errorKind" TEXT;

-- Processes of the version before do not write it, so what they fail meanwhile is shown as of an unknown kind.
UPDATE "Job" SET "errorKind" = history -> -1 ->> 'kind' WHERE state = 'FAILED';

ALTER TABLE "Session" ADD COLUMN     "reauthenticatedAt" TIMESTAMPTZ(3);

CREATE TYPE "ReplayState" AS ENUM ('RUNNING', 'DONE', 'STOPPED');

CREATE TABLE "JobPause" (
    "name" TEXT NOT NULL,
    "by" TEXT NOT NULL,
    "pausedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "JobPause_pkey" PRIMARY KEY ("name")
);

CREATE TABLE "JobReplay" (
    "id" UUID NOT NULL,
    "filter" JSONB NOT NULL,
    "perMinute" INTEGER NOT NULL,
    "total" INTEGER NOT NULL,
    "replayed" INTEGER NOT NULL DEFAULT 0,
    "state" "ReplayState" NOT NULL DEFAULT 'RUNNING',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "movedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "endedAt" TIMESTAMPTZ(3),

    CONSTRAINT "JobReplay_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "AdminAction" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "userId" UUID,
    "program" TEXT,
    "action" TEXT NOT NULL,
    "target" JSONB NOT NULL,
    "count" INTEGER,

    CONSTRAINT "AdminAction_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "JobReplay_running_idx" ON "JobReplay"("id") WHERE (state = 'RUNNING');
