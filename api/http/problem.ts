const problems = {
  "malformed-json": [400, "The body is not valid JSON."],
  "unusable-json": [400, "The body holds text that cannot be stored, a reserved name, or too many levels."],
  "bad-request": [400, "The request could not be read."],
  unauthenticated: [401, "Log in first."],
  "wrong-credentials": [401, "The address or the password is wrong, or the address is not verified yet."],
  "cross-site": [403, "This request came from another site, and was refused."],
  forbidden: [403, "This is for administrators."],
  "wrong-password": [403, "The current password is wrong."],
  "not-found": [404, "There is nothing here."],
  "method-not-allowed": [405, "This address does not answer to this method."],
  "request-timeout": [408, "The request took too long to arrive."],
  "token-spent": [410, "This link was used already, or is too old."],
  "body-too-large": [413, "The body is too large."],
  "unsupported-media-type": [415, "Send JSON in UTF-8, with the content type application/json."],
  "invalid-request": [422, "Some fields are missing or wrong."],
  "wrong-code": [422, "This code is wrong, was used, or is too old. After five tries, ask for a new mail."],
  "idempotency-key-reused": [422, "This Idempotency-Key was used with another body."],
  "url-refused": [403, "This URL is not ours, or was changed."],
  "url-expired": [403, "This URL is too old. Announce the upload again."],
  "not-uploaded": [409, "The file has not arrived yet. Put it to its URL first."],
  "already-completed": [409, "This upload is complete, and takes no other file."],
  "wrong-content-type": [415, "Send the file with the Content-Type that was announced."],
  "wrong-range": [416, "The file has no such range."],
  "expectation-failed": [417, "The only expectation that is met here is 100-continue."],
  "wrong-size": [422, "The file has not the size that was announced."],
  "wrong-content": [422, "The file is not what was announced: its content is of another type."],
  "too-many-requests": [429, "Too many tries. Please wait."],
  "headers-too-large": [431, "The headers are too large."],
  internal: [500, "Something went wrong on our side."],
  "kind-unavailable": [503, "This kind of file cannot be processed here right now."],
  unavailable: [503, "Not available right now. Please try again."],
  "storage-full": [507, "There is no room for the file right now."],
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
  /** What only this occurrence needs to say. */
  readonly detail: string | undefined;
  readonly errors: FieldError[] | undefined;
  readonly headers: Record<string, string>;

  constructor(
    problem: ProblemName,
    more: { detail?: string; errors?: FieldError[]; headers?: Record<string, string> } = {},
  ) {
    super(titleOf(problem));
    this.problem = problem;
    this.detail = more.detail;
    this.errors = more.errors;
    this.headers = more.headers ?? {};
  }
}

/** A problem as it is sent. */
export const bodyOf = ({ problem, detail, errors }: Problem, requestId: unknown) => ({
  type: typeOf(problem),
  title: titleOf(problem),
  status: statusOf(problem),
  detail,
  requestId,
  errors,
});
