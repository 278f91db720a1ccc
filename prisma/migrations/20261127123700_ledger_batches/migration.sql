-- AlterTable
ALTER TABLE "Job" ADD COLUMN     "batchId" UUID;

-- CreateTable
CREATE TABLE "JobBatch" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "total" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "JobBatch_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Job_batchId_idx" ON "Job"("batchId") WHERE ("batchId" IS NOT NULL);
