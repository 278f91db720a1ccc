const problems = {
  "malformed-json": [400, "The body is not valid JSON."],
  "unusable-json": [400, "The body holds text that cannot be stored, a reserved name, or too many levels."],
  "bad-request": [400, "The request could not be read."],
  unauthenticated: [401, "Log in first."],
  "wrong-credentials": [401, "The address or the password is wrong."],
  "cross-site": [403, "This request came from another site, and was refused."],
  forbidden: [403, "This is for administrators."],
  unverified: [403, "Verify your address first: the mail is in your inbox."],
  "wrong-password": [403, "The current password is wrong."],
  "not-found": [404, "There is nothing here."],
  "method-not-allowed": [405, "This address does not answer to this method."],
  "token-spent": [410, "This link was used already, or is too old."],
  "body-too-large": [413, "The body is too large."],
  "unsupported-media-type": [415, "Send JSON in UTF-8, with the content type application/json."],
  "invalid-request": [422, "Some fields are missing or wrong."],
  "wrong-code": [422, "This code is wrong, was used, or is too old. After five tries, ask for a new mail."],
  "idempotency-key-reused": [422, "This Idempotency-Key was used with another body."],
  "too-many-requests": [429, "Too many tries. Please wait."],
  internal: [500, "Something went wrong on our side."],
  unavailable: [503, "Not available right now. Please try again."],
} as const satisfies Record<string, readonly [status: number, title: string]>;

/** The stable last part of a problem's `type`, by which clients decide. */
export type ProblemName = keyof typeof problems;

export const statusOf = (name: ProblemName): number => problems[name][0];
export const titleOf = (name: ProblemName): string => problems[name][1];
export const typeOf = (name: ProblemName): string => `/problems/${name}`;

/** One field that is missing or wrong. */
interface FieldError {
  field: string;
  message: string;
}

/** An answer that is not a success, in the form of RFC 9457. */
export class Problem extends Error {
  readonly problem: ProblemName;
  readonly errors: FieldError[] | undefined;
  readonly headers: Record<string, string>;

  constructor(problem: ProblemName, more: { errors?: FieldError[]; headers?: Record<string, string> } = {}) {
    super(titleOf(problem));
    this.problem = problem;
    this.errors = more.errors;
    this.headers = more.headers ?? {};
  }
}
