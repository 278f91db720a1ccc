/**
 * The Content-Security-Policy for a mail that is shown in a frame of the own page: no scripts, no forms, no requests.
 * Links open in a new tab.
 */
export const INERT_HTML = [
  "sandbox allow-popups allow-popups-to-escape-sandbox",
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join("; ");
