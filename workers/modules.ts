import type { Wire } from "./wiring/infrastructure.ts";

/**
 * Every module by the name of its job, with the file that wires it. A module is loaded when a process works on it, so
 * that a process for one module does not hold the packages of the others.
 */
export const modules = {
  "account-delete": () => import("./wiring/account-delete.ts"),
  "account-export": () => import("./wiring/account-export.ts"),
  "account-purge": () => import("./wiring/account-purge.ts"),
  "demo-task": () => import("./wiring/demo-task.ts"),
  email: () => import("./wiring/email.ts"),
  "export-purge": () => import("./wiring/export-purge.ts"),
  "image-resize": () => import("./wiring/image-resize.ts"),
  "project-purge": () => import("./wiring/project-purge.ts"),
  "push-notify": () => import("./wiring/push-notify.ts"),
  "record-purge": () => import("./wiring/record-purge.ts"),
  "report-generate": () => import("./wiring/report-generate.ts"),
  "report-purge": () => import("./wiring/report-purge.ts"),
  "schedule-dispatch": () => import("./wiring/schedule-dispatch.ts"),
  "session-purge": () => import("./wiring/session-purge.ts"),
  "storage-purge": () => import("./wiring/storage-purge.ts"),
  "upload-purge": () => import("./wiring/upload-purge.ts"),
  "video-encode": () => import("./wiring/video-encode.ts"),
  "video-package": () => import("./wiring/video-package.ts"),
  "video-publish": () => import("./wiring/video-publish.ts"),
  "video-thumbnails": () => import("./wiring/video-thumbnails.ts"),
  "video-transcribe": () => import("./wiring/video-transcribe.ts"),
} satisfies Record<string, () => Promise<{ wire: Wire }>>;
