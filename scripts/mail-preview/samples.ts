import type { Template } from "../../workers/email/job.ts";

const app = "https://app.example";
const token = "yKq3x0mJd5uW2vTnR8sLhE4aPzG7cBfQ1iNoVtUwXyZ";
const forgotUrl = `${app}/forgot-password`;
const unsubscribe = `${app}/unsubscribe?token=01932b5e-0000-7000-8000-000000000001.${token}`;

/** Sample data for each template, of the kind that workers/email/mails.ts passes. */
export const samples: Record<Template, Record<string, string>> = {
  verification: { url: `${app}/verify-email#${token}`, code: "482913" },
  "account-exists": { url: `${app}/login`, forgotUrl },
  welcome: { url: `${app}/login` },
  "password-reset": { url: `${app}/reset-password#${token}` },
  "password-changed": { url: forgotUrl },
  "deletion-scheduled": {
    url: `${app}/keep-account#${token}`,
    time: "5 December 2026 at 09:00 CET",
  },
  "deletion-cancelled": { url: forgotUrl },
  "account-deleted": {},
  invitation: {
    name: "",
    inviter: "Ada Lovelace",
    project: "Analytical Engine",
    url: `${app}/invitation#${token}`,
  },
  "new-sign-in": {
    url: forgotUrl,
    device: "Firefox on Linux",
    time: "24 November 2026 at 09:00 CET",
    unsubscribe,
  },
  notification: {
    url: `${app}/projects#01932b5e-0000-7000-8000-000000000003/01932b5e-0000-7000-8000-000000000004`,
    title: "Ada Lovelace assigned you a task",
    text: "Print the first table of Bernoulli numbers, in Analytical Engine",
    unsubscribe,
  },
  "export-ready": {
    url: `${app}/account#exports`,
    size: "34 MB",
    until: "5 December 2026 at 09:00 CET",
    unsubscribe,
  },
  "report-ready": {
    url: `${app}/reports#01932b5e-0000-7000-8000-000000000002`,
    project: "Lighthouse",
    period: "Week 47",
    note: "The PDF is attached.",
    unsubscribe,
  },
};
