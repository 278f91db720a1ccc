-- The address with its domain in Unicode, if it was typed so.
ALTER TABLE "User" ADD COLUMN "shownEmail" TEXT;
