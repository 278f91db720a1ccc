import { loadDeletions, loadExports, loadSessions, loadUploads } from "./account-sources.ts";
import type { Kind } from "./kinds.ts";
import { loadComments, loadReports, loadTasks } from "./project-sources.ts";
import type { Source } from "./source.ts";

const source = (title: string, load: (title: string) => Source["load"]): Source => ({
  title,
  load: load(title),
});

/** How each kind is described. */
export const sources: Record<Kind, Source> = {
  "report-ready": source("Your report is ready", loadReports),
  "report-failed": source("Your report could not be made", loadReports),
  "upload-ready": {
    title: "Your file is ready",
    load: loadUploads({ IMAGE: "Your picture is ready", VIDEO: "Your video is ready" }),
  },
  "upload-failed": {
    title: "Your file could not be processed",
    load: loadUploads({
      IMAGE: "Your picture could not be processed",
      VIDEO: "Your video could not be processed",
    }),
  },
  "task-assigned": { title: "You were assigned a task", load: loadTasks },
  mention: { title: "You were mentioned in a comment", load: loadComments },
  "new-sign-in": source("New sign-in to your account", loadSessions),
  "export-ready": source("Your data is ready to download", loadExports),
  "deletion-scheduled": source("Your account will be deleted", loadDeletions),
};
