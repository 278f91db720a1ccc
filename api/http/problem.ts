const problems = {
  "malformed-json": [400, "The body is not valid JSON."],
  "unusable-json": [
    400,
    "The body contains text that cannot be stored, a reserved name or too many levels of nesting.",
  ],
  "bad-request": [400, "The request is malformed."],
  unauthenticated: [401, "Log in first."],
  "wrong-credentials": [401, "The email address or password is wrong, or the address is not verified yet."],
  "cross-site": [403, "Requests from other sites are not allowed."],
  forbidden: [403, "Only administrators may do this."],
  "reauthentication-required": [403, "Enter your password again. It is needed for every change."],
  "forbidden-host": [403, "This page is not available under this host name."],
  "wrong-role": [403, "Your role in this project does not allow this."],
  "wrong-account": [403, "This invitation is for another email address. Log in with that address."],
  "wrong-password": [403, "The current password is wrong."],
  "not-found": [404, "Not found."],
  "method-not-allowed": [405, "This method is not allowed for this URL."],
  "request-timeout": [408, "The request took too long."],
  "token-spent": [410, "This link has already been used or has expired."],
  "body-too-large": [413, "The body is too large."],
  "unsupported-media-type": [
    415,
    "Unsupported media type. Send JSON in UTF-8 with Content-Type: application/json.",
  ],
  "invalid-request": [422, "Some fields are missing or invalid."],
  "wrong-code": [
    422,
    "This code is wrong, has already been used or has expired. After five attempts, request a new email.",
  ],
  "idempotency-key-reused": [422, "This Idempotency-Key was already used with a different request body."],
  "url-refused": [403, "The signature of this URL is invalid."],
  "url-expired": [403, "This URL has expired. Create a new upload."],
  "load-refused": [409, "The system has enough to do. Try again later."],
  "job-refused": [409, "This cannot be done with the job as it is now."],
  "owner-required": [409, "A project needs an owner. Make another member the owner first."],
  "already-member": [409, "This person is already a member."],
  "project-full": [409, "The project has as many members and open invitations as it can have."],
  "not-uploaded": [409, "The file has not been uploaded yet. Send it to the upload URL first."],
  "already-completed": [409, "This upload is already complete."],
  "report-not-ready": [409, "The report is not ready. See its state and progress."],
  "export-not-ready": [409, "The export is not ready. See its state and progress."],
  "no-sprint": [409, "The project has no sprint that has begun."],
  "wrong-content-type": [415, "The Content-Type does not match the declared type."],
  "wrong-range": [416, "The requested range is outside the file."],
  "expectation-failed": [417, "Unsupported Expect header. Supported: 100-continue."],
  "wrong-size": [422, "The size does not match the declared size."],
  "wrong-content": [422, "The content does not match the declared type."],
  "too-many-requests": [429, "Too many requests. Try again later."],
  "headers-too-large": [431, "The request headers are too large."],
  internal: [500, "Something went wrong on our side."],
  "kind-unavailable": [503, "Files of this kind cannot be processed at the moment."],
  unavailable: [503, "Temporarily unavailable. Try again shortly."],
  "storage-full": [507, "There is not enough storage space for this file."],
} as const satisfies Record<string, readonly [status: number, title: string]>;

/** The last part of a problem's `type`. Clients depend on it, so it must not change. */
export type ProblemName = keyof typeof problems;

export const statusOf = (name: ProblemName): number => problems[name][0];
export const titleOf = (name: ProblemName): string => problems[name][1];
export const typeOf = (name: ProblemName): string => `/problems/${name}`;

/** One field that is missing or invalid. */
interface FieldError {
  field: string;
  message: string;
}

/** An error response, as RFC 9457 defines it. */
export class Problem extends Error {
  readonly problem: ProblemName;
  /** Specific to this occurrence. */
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

/** A field that passes its schema, and is refused by the current data. */
export const invalidField = (field: string, message: string): Problem =>
  new Problem("invalid-request", { errors: [{ field, message }] });

/** The body of an error response. */
export const bodyOf = ({ problem, detail, errors }: Problem, requestId: unknown) => ({
  type: typeOf(problem),
  title: titleOf(problem),
  status: statusOf(problem),
  detail,
  requestId,
  errors,
});
