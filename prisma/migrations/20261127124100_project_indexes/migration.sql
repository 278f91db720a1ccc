-- CreateIndex
CREATE INDEX "Task_projectId_state_id_idx" ON "Task"("projectId", "state", "id");

-- CreateIndex
CREATE INDEX "Task_projectId_assigneeId_id_idx" ON "Task"("projectId", "assigneeId", "id");

-- CreateIndex
CREATE INDEX "Task_projectId_dueOn_all_idx" ON "Task"("projectId", "dueOn");
