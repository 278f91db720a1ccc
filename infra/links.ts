import { deriveCode, deriveToken, signId } from "./tokens.ts";

/**
 * The links in mails. Tokens are in the fragment, which browsers do not send to servers, so they do not appear in logs.
 */
export const createLinks = (publicUrl: string, appSecret: string) => ({
  verifyEmail: (id: string) => `${publicUrl}/verify-email#${deriveToken(appSecret, "verify-email", id)}`,
  /** The code to enter instead of opening the link. */
  verificationCode: (id: string) => deriveCode(appSecret, "verify-email", id),
  resetPassword: (id: string) =>
    `${publicUrl}/reset-password#${deriveToken(appSecret, "reset-password", id)}`,
  forgotPassword: () => `${publicUrl}/forgot-password`,
  acceptInvitation: (id: string) =>
    `${publicUrl}/invitation#${deriveToken(appSecret, "accept-invitation", id)}`,
  keepAccount: (deletionId: string) =>
    `${publicUrl}/keep-account#${deriveToken(appSecret, "cancel-deletion", deletionId)}`,
  login: () => `${publicUrl}/login`,
  project: (id: string) => `${publicUrl}/projects#${id}`,
  task: (projectId: string, id: string) => `${publicUrl}/projects#${projectId}/${id}`,
  report: (id: string) => `${publicUrl}/reports#${id}`,
  exports: () => `${publicUrl}/account#exports`,
  /** In the query, because mail providers post to it. The token allows nothing else. */
  unsubscribe: (userId: string) =>
    `${publicUrl}/unsubscribe?token=${signId(appSecret, "unsubscribe", userId)}`,
});
