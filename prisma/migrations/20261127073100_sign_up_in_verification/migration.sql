-- Each sign-up has its own verification, which contains what the user gets when it is used. Older rows have nulls: the
-- user keeps what is in "User".
ALTER TABLE "EmailVerification" ADD COLUMN "name" TEXT,
ADD COLUMN "passwordHash" TEXT,
ADD COLUMN "shownEmail" TEXT;
