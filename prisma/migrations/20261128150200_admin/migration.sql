-- Replays at a rate, a row for each action of an administrator, and when the password was entered again.
ALTER TABLE "Session" ADD COLUMN     "reauthenticatedAt" TIMESTAMPTZ(3);

CREATE TYPE "ReplayState" AS ENUM ('RUNNING', 'DONE', 'STOPPED');

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
