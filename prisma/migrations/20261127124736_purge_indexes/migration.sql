-- CreateIndex
CREATE INDEX "EmailVerification_expiresAt_idx" ON "EmailVerification"("expiresAt");

-- CreateIndex
CREATE INDEX "Invitation_invitedById_idx" ON "Invitation"("invitedById") WHERE ("invitedById" IS NOT NULL);

-- CreateIndex
CREATE INDEX "PasswordReset_expiresAt_idx" ON "PasswordReset"("expiresAt");

-- CreateIndex
CREATE INDEX "Task_creatorId_idx" ON "Task"("creatorId") WHERE ("creatorId" IS NOT NULL);

-- CreateIndex
CREATE INDEX "User_unverified_idx" ON "User"("createdAt", "id") WHERE ("verifiedAt" IS NULL);


