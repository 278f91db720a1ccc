-- CreateEnum
CREATE TYPE "UploadKind" AS ENUM ('IMAGE', 'VIDEO');

-- CreateEnum
CREATE TYPE "UploadState" AS ENUM ('AWAITING', 'PROCESSING', 'READY', 'FAILED');

-- CreateEnum
CREATE TYPE "FileRole" AS ENUM ('VARIANT', 'RENDITION', 'PLAYLIST', 'POSTER', 'SUBTITLES');

-- CreateTable
CREATE TABLE "Upload" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "kind" "UploadKind" NOT NULL,
    "filename" TEXT NOT NULL,
    "contentType" TEXT NOT NULL,
    "bytes" BIGINT NOT NULL,
    "state" "UploadState" NOT NULL DEFAULT 'AWAITING',
    "problem" TEXT,
    "width" INTEGER,
    "height" INTEGER,
    "seconds" DOUBLE PRECISION,
    "placeholder" TEXT,
    "note" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "completedAt" TIMESTAMPTZ(3),
    "readyAt" TIMESTAMPTZ(3),

    CONSTRAINT "Upload_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "UploadFile" (
    "uploadId" UUID NOT NULL,
    "path" TEXT NOT NULL,
    "role" "FileRole" NOT NULL,
    "contentType" TEXT NOT NULL,
    "bytes" BIGINT NOT NULL,
    "width" INTEGER,
    "height" INTEGER,

    CONSTRAINT "UploadFile_pkey" PRIMARY KEY ("uploadId","path")
);

-- CreateIndex
CREATE INDEX "Upload_userId_id_idx" ON "Upload"("userId", "id");

-- AddForeignKey
ALTER TABLE "Upload" ADD CONSTRAINT "Upload_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "UploadFile" ADD CONSTRAINT "UploadFile_uploadId_fkey" FOREIGN KEY ("uploadId") REFERENCES "Upload"("id") ON DELETE CASCADE ON UPDATE CASCADE;



-- The jobs of one upload: by hand, because the schema language has no word for an expression.
CREATE INDEX "Job_upload_idx" ON "Job" ((payload ->> 'uploadId')) WHERE payload ? 'uploadId';
