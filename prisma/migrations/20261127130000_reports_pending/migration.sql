-- DropIndex
DROP INDEX "Report_pending_key";

-- CreateIndex
CREATE UNIQUE INDEX "Report_pending_key" ON "Report"("userId", "projectId", "period", "firstDay") WHERE (state = 'PENDING' AND slot IS NULL AND period <> 'SPRINT');

-- CreateIndex
CREATE UNIQUE INDEX "Report_pending_sprint_key" ON "Report"("userId", "sprintId") WHERE (state = 'PENDING' AND slot IS NULL AND period = 'SPRINT');


-- The jobs of one report: by hand, because the schema language has no word for an expression.
CREATE INDEX "Job_report_idx" ON "Job" ((payload ->> 'reportId')) WHERE payload ? 'reportId';
