const problems = {
  "malformed-json": [400, "The body is not valid JSON."],
  "unusable-json": [400, "The body contains text that cannot be stored, a reserved key, or too many levels."],
  "bad-request": [400, "The request could not be read."],
  unauthenticated: [401, "Log in first."],
  "wrong-credentials": [401, "The e-mail address or password is wrong, or the address is not verified yet."],
  "cross-site": [403, "Requests from other sites are not allowed."],
  forbidden: [403, "Only administrators can do this."],
  "wrong-password": [403, "The current password is wrong."],
  "not-found": [404, "Not found."],
  "method-not-allowed": [405, "Method not allowed."],
  "request-timeout": [408, "The request took too long to arrive."],
  "token-spent": [410, "This link has expired or was already used."],
  "body-too-large": [413, "The body is too large."],
  "unsupported-media-type": [415, "Send JSON in UTF-8 with the content type application/json."],
  "invalid-request": [422, "Some fields are missing or invalid."],
  "wrong-code": [422, "This code is wrong, expired or already used. After five tries, request a new mail."],
  "idempotency-key-reused": [422, "This Idempotency-Key was used with a different body."],
  "url-refused": [403, "This URL is not valid."],
  "url-expired": [403, "This URL has expired. Create the upload again."],
  "not-uploaded": [409, "The file has not been sent yet. Send it to its URL first."],
  "already-completed": [409, "This upload is already complete."],
  "wrong-content-type": [415, "Send the file with its declared Content-Type."],
  "wrong-range": [416, "The file does not have this range."],
  "expectation-failed": [417, "The only supported expectation is 100-continue."],
  "wrong-size": [422, "The size does not match the declared size."],
  "wrong-content": [422, "The content does not match the declared type."],
  "too-many-requests": [429, "Too many attempts. Please wait."],
  "headers-too-large": [431, "The headers are too large."],
  internal: [500, "Something went wrong on our side."],
  "kind-unavailable": [503, "This kind of file cannot be processed right now."],
  unavailable: [503, "Temporarily unavailable. Please try again."],
  "storage-full": [507, "There is no space for the file right now."],
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
