-- DropIndex
DROP INDEX "Comment_authorId_idx";

-- DropIndex
DROP INDEX "Invitation_invitedById_idx";

-- DropIndex
DROP INDEX "Notification_actorId_idx";

-- DropIndex
DROP INDEX "Task_assigneeId_idx";

-- DropIndex
DROP INDEX "Task_creatorId_idx";

-- AlterTable
ALTER TABLE "AccountDeletion" ADD COLUMN     "removing" JSONB,
ADD COLUMN     "tokenHash" BYTEA;

-- CreateIndex
CREATE UNIQUE INDEX "AccountDeletion_tokenHash_key" ON "AccountDeletion"("tokenHash");

-- CreateIndex
CREATE INDEX "Comment_authorId_id_idx" ON "Comment"("authorId", "id");

-- CreateIndex
CREATE INDEX "Invitation_email_idx" ON "Invitation"("email");

-- CreateIndex
CREATE INDEX "Invitation_invitedById_id_idx" ON "Invitation"("invitedById", "id") WHERE ("invitedById" IS NOT NULL);

-- CreateIndex
CREATE INDEX "Notification_actorId_id_idx" ON "Notification"("actorId", "id") WHERE ("actorId" IS NOT NULL);

-- CreateIndex
CREATE INDEX "Task_assigneeId_id_idx" ON "Task"("assigneeId", "id") WHERE ("assigneeId" IS NOT NULL);

-- CreateIndex
CREATE INDEX "Task_creatorId_id_idx" ON "Task"("creatorId", "id") WHERE ("creatorId" IS NOT NULL);

-- By hand, because Prisma's schema language cannot express them.
CREATE INDEX "Job_schedule_idx" ON "Job" ((payload ->> 'scheduleId')) WHERE payload ? 'scheduleId';
CREATE INDEX "Job_export_idx" ON "Job" ((payload ->> 'exportId')) WHERE payload ? 'exportId';
