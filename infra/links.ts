import { deriveCode, deriveToken, signId } from "./tokens.ts";

/** What mails lead to. Tokens of links are in the fragment, which browsers send to no server, so that they reach no log. */
export const createLinks = (publicUrl: string, appSecret: string) => ({
  verifyEmail: (id: string) => `${publicUrl}/verify-email#${deriveToken(appSecret, "verify-email", id)}`,
  /** Not a link: what to type where one is not at hand. */
  verificationCode: (id: string) => deriveCode(appSecret, "verify-email", id),
  resetPassword: (id: string) =>
    `${publicUrl}/reset-password#${deriveToken(appSecret, "reset-password", id)}`,
  forgotPassword: () => `${publicUrl}/forgot-password`,
  login: () => `${publicUrl}/login`,
  /** In the query, because mail providers post to it. It can do nothing but this. */
  unsubscribe: (userId: string) =>
    `${publicUrl}/unsubscribe?token=${signId(appSecret, "unsubscribe", userId)}`,
});
