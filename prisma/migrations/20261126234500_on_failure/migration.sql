-- The column's name in code and SQL is the same again.
ALTER TABLE "Job" RENAME COLUMN "ifItFails" TO "onFailure";
