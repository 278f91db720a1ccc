import { deriveCode, deriveToken } from "./tokens.ts";

/** What mails lead to. Tokens are in the fragment, which browsers send to no server, so that they reach no log. */
export const createLinks = (publicUrl: string, appSecret: string) => ({
  verifyEmail: (id: string) => `${publicUrl}/verify-email#${deriveToken(appSecret, "verify-email", id)}`,
  /** Not a link: what to type where one is not at hand. */
  verificationCode: (id: string) => deriveCode(appSecret, "verify-email", id),
  resetPassword: (id: string) =>
    `${publicUrl}/reset-password#${deriveToken(appSecret, "reset-password", id)}`,
  forgotPassword: () => `${publicUrl}/forgot-password`,
  login: () => `${publicUrl}/login`,
});
