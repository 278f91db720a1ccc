/** The attributes of a span, under OpenTelemetry's names where it has some. Ids, numbers and names of code: no data. */
export type Attributes = Record<string, string | number | boolean>;

export interface SpanOptions {
  kind: "server" | "client" | "producer" | "consumer";
  attributes?: Attributes;
  /** A traceparent; null begins a trace. By default the current span, if there is one. */
  parent?: string | null;
  /** The traceparents of other spans that led to this one. Invalid ones are left out. */
  links?: readonly string[];
}

/** A span in progress. */
export interface Span {
  /** As in W3C's header: https://www.w3.org/TR/trace-context/#traceparent-header */
  readonly traceparent: string;
  set(attributes: Attributes, name?: string): void;
  /** Marks it as failed. `message` must not have personal data or secrets. */
  fail(type: string, message?: string): void;
}

/**
 * What core needs to trace jobs, in the terms of OpenTelemetry, which it does not depend on. Without one, nothing is
 * traced.
 */
export interface Tracing {
  /** The traceparent of the current span. */
  current(): string | undefined;
  /**
   * Calls `work` in a span, which ends when the promise settles. Of an error, only the code or the class is recorded:
   * messages of providers quote addresses and URLs.
   */
  during<Result>(name: string, options: SpanOptions, work: (span: Span) => Promise<Result>): Promise<Result>;
  /** Records a span that began `ms` ago and ends now. Returns its traceparent. */
  past(name: string, ms: number, options: SpanOptions, failure?: string): string;
}

export const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35);
export const spanIdOf = (traceparent: string): string => traceparent.slice(36, 52);

/** https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ */
export const jobAttributes = (
  type: "create" | "send" | "process",
  name: string,
  id?: string,
): Attributes => ({
  "messaging.system": "bullmq",
  "messaging.operation.type": type,
  "messaging.destination.name": name,
  ...(id !== undefined && { "messaging.message.id": id }),
});
