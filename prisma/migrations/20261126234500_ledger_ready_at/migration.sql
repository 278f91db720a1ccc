-- Code and SQL use the same name for it.
ALTER TABLE "Job" RENAME COLUMN "ifItFails" TO "onFailure";

-- When a job was last ready to run. Its waiting time is counted from here.
ALTER TABLE "Job" ADD COLUMN "readyAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
