-- CreateIndex
CREATE UNIQUE INDEX "Notification_mention_key" ON "Notification"("recordId", "userId") WHERE (kind = 'mention');
