-- CreateEnum
CREATE TYPE "Platform" AS ENUM ('ANDROID', 'IOS', 'WEB');

-- CreateEnum
CREATE TYPE "ExportState" AS ENUM ('PENDING', 'READY', 'FAILED');

-- DropIndex
DROP INDEX "Notification_userId_id_idx";

-- DropIndex
DROP INDEX "Notification_userId_kind_recordId_key";

-- AlterTable
ALTER TABLE "Notification" ADD COLUMN     "actorId" UUID,
ADD COLUMN     "inApp" BOOLEAN NOT NULL DEFAULT true,
ADD COLUMN     "push" BOOLEAN NOT NULL DEFAULT true,
ADD COLUMN     "sequence" INTEGER;

-- In the order in which they were written.
UPDATE "Notification" n SET "sequence" = counted.sequence
FROM (SELECT id, row_number() OVER (PARTITION BY "userId" ORDER BY id) AS sequence FROM "Notification") counted
WHERE n.id = counted.id;
ALTER TABLE "Notification" ALTER COLUMN "sequence" SET NOT NULL;

-- AlterTable
ALTER TABLE "User" ADD COLUMN     "closedAt" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "NotificationFeed" (
    "userId" UUID NOT NULL,
    "last" INTEGER NOT NULL DEFAULT 0,
    "version" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "NotificationFeed_pkey" PRIMARY KEY ("userId")
);

-- CreateTable
CREATE TABLE "NotificationChoice" (
    "userId" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "inApp" BOOLEAN NOT NULL,
    "push" BOOLEAN NOT NULL,
    "mail" BOOLEAN NOT NULL,

    CONSTRAINT "NotificationChoice_pkey" PRIMARY KEY ("userId","kind")
);

-- CreateTable
CREATE TABLE "PushDevice" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "token" TEXT NOT NULL,
    "platform" "Platform" NOT NULL,
    "sentUpTo" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "PushDevice_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AccountExport" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "state" "ExportState" NOT NULL DEFAULT 'PENDING',
    "problem" TEXT,
    "bytes" BIGINT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "readyAt" TIMESTAMPTZ(3),
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "AccountExport_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AccountDeletion" (
    "id" UUID NOT NULL,
    "userId" UUID,
    "jobId" UUID NOT NULL,
    "requestedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "dueAt" TIMESTAMPTZ(3) NOT NULL,
    "startedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),
    "sealedAddress" TEXT,
    "counts" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "AccountDeletion_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ProjectSuccessor" (
    "projectId" UUID NOT NULL,
    "userId" UUID NOT NULL,

    CONSTRAINT "ProjectSuccessor_pkey" PRIMARY KEY ("projectId")
);

INSERT INTO "NotificationFeed" ("userId", "last") SELECT "userId", max("sequence") FROM "Notification" GROUP BY "userId";

-- CreateIndex
CREATE UNIQUE INDEX "PushDevice_token_key" ON "PushDevice"("token");

-- CreateIndex
CREATE INDEX "PushDevice_userId_id_idx" ON "PushDevice"("userId", "id");

-- CreateIndex
CREATE INDEX "AccountExport_userId_id_idx" ON "AccountExport"("userId", "id");

-- CreateIndex
CREATE INDEX "AccountExport_expiresAt_idx" ON "AccountExport"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "AccountExport_pending_key" ON "AccountExport"("userId") WHERE (state = 'PENDING');

-- CreateIndex
CREATE UNIQUE INDEX "AccountDeletion_userId_key" ON "AccountDeletion"("userId");

-- CreateIndex
CREATE INDEX "AccountDeletion_finishedAt_idx" ON "AccountDeletion"("finishedAt") WHERE ("sealedAddress" IS NOT NULL);

-- CreateIndex
CREATE INDEX "ProjectSuccessor_userId_idx" ON "ProjectSuccessor"("userId");

-- CreateIndex
CREATE INDEX "Notification_unread_idx" ON "Notification"("userId") WHERE ("readAt" IS NULL AND "inApp");

-- CreateIndex
CREATE INDEX "Notification_actorId_idx" ON "Notification"("actorId") WHERE ("actorId" IS NOT NULL);

-- CreateIndex
CREATE UNIQUE INDEX "Notification_userId_sequence_key" ON "Notification"("userId", "sequence");

-- AddForeignKey
ALTER TABLE "Notification" ADD CONSTRAINT "Notification_actorId_fkey" FOREIGN KEY ("actorId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "NotificationFeed" ADD CONSTRAINT "NotificationFeed_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "NotificationChoice" ADD CONSTRAINT "NotificationChoice_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PushDevice" ADD CONSTRAINT "PushDevice_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AccountExport" ADD CONSTRAINT "AccountExport_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AccountDeletion" ADD CONSTRAINT "AccountDeletion_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ProjectSuccessor" ADD CONSTRAINT "ProjectSuccessor_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ProjectSuccessor" ADD CONSTRAINT "ProjectSuccessor_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;



-- By hand, because Prisma's schema language cannot express it.
CREATE INDEX "Job_user_idx" ON "Job" ((payload ->> 'userId')) WHERE payload ? 'userId';

ALTER TABLE "IdempotencyKey" ADD COLUMN "userId" UUID;
ALTER TABLE "IdempotencyKey" ADD CONSTRAINT "IdempotencyKey_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
CREATE INDEX "IdempotencyKey_userId_idx" ON "IdempotencyKey"("userId") WHERE ("userId" IS NOT NULL);
