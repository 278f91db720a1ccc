import type { JobDefinition } from "../../workers/core/job.ts";
import { accountDelete } from "../../workers/account-delete/job.ts";
import { accountExport } from "../../workers/account-export/job.ts";
import { accountPurge } from "../../workers/account-purge/job.ts";
import { demoTask } from "../../workers/demo-task/job.ts";
import { email } from "../../workers/email/job.ts";
import { exportPurge } from "../../workers/export-purge/job.ts";
import { imageResize } from "../../workers/image-resize/job.ts";
import { projectPurge } from "../../workers/project-purge/job.ts";
import { pushNotify } from "../../workers/push-notify/job.ts";
import { recordPurge } from "../../workers/record-purge/job.ts";
import { reportGenerate } from "../../workers/report-generate/job.ts";
import { reportPurge } from "../../workers/report-purge/job.ts";
import { scheduleDispatch } from "../../workers/schedule-dispatch/job.ts";
import { sessionPurge } from "../../workers/session-purge/job.ts";
import { storagePurge } from "../../workers/storage-purge/job.ts";
import { uploadPurge } from "../../workers/upload-purge/job.ts";
import { videoEncode } from "../../workers/video-encode/job.ts";
import { videoPackage } from "../../workers/video-package/job.ts";
import { videoPublish } from "../../workers/video-publish/job.ts";
import { videoThumbnails } from "../../workers/video-thumbnails/job.ts";
import { videoTranscribe } from "../../workers/video-transcribe/job.ts";

/** Every job of the system. A test holds it equal to the table of modules, which the API must not load. */
const jobs: readonly JobDefinition[] = [
  accountDelete,
  accountExport,
  accountPurge,
  demoTask,
  email,
  exportPurge,
  imageResize,
  projectPurge,
  pushNotify,
  recordPurge,
  reportGenerate,
  reportPurge,
  scheduleDispatch,
  sessionPurge,
  storagePurge,
  uploadPurge,
  videoEncode,
  videoPackage,
  videoPublish,
  videoThumbnails,
  videoTranscribe,
];

/** What the contract of each queue says. */
export const queues = jobs.map(({ name, attempts, crashes, concurrency, timeout, rateLimit, backoff }) => ({
  ...{ name, attempts, crashes, concurrency, timeout, backoff },
  rateLimit: rateLimit ?? null,
}));
