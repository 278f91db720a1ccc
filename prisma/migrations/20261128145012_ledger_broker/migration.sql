-- Which broker a job was published to, and from which one a worker takes jobs: for a switch of the broker.
ALTER TABLE "Job" ADD COLUMN     "broker" TEXT;

ALTER TABLE "JobWorker" ADD COLUMN     "broker" TEXT,
ADD COLUMN     "queues" TEXT[] DEFAULT ARRAY[]::TEXT[];

CREATE TABLE "JobBroker" (
    "id" TEXT NOT NULL,
    "seenAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "JobBroker_pkey" PRIMARY KEY ("id")
);
