import { hostname } from "node:os";
import {
  type Context,
  context,
  diag,
  DiagLogLevel,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { parseTraceParent } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { type Log, type SpanOptions, throttledWarn, type Tracing } from "../workers/core/index.ts";

interface Options {
  /** The OTLP/HTTP endpoint, without `/v1/traces`. */
  endpoint: string;
  headers?: Record<string, string> | undefined;
  serviceName: string;
  /** The share of traces that are recorded, 0 to 1. */
  ratio: number;
  /** Milliseconds until a span is sent, unless there are 512 before. By default 1,000. */
  delay?: number;
  log: Log;
}

export interface OpenTracing extends Tracing {
  /** Sends what is left, for at most two seconds. */
  close(): Promise<void>;
}

/** Milliseconds that an export may take with its repetitions, and that `close` waits. */
const EXPORT = 5_000;
const CLOSE = 2_000;

/** Spans that wait for an export. Others are dropped, with a warning: about 10 MB. */
const QUEUE = 8_192;

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

/**
 * Traces with OpenTelemetry, for the whole process: spans that libraries make with its API join. A collector that is
 * unavailable costs spans, and a warning every 10 s, but delays nothing.
 */
export const createTracing = ({
  endpoint,
  headers,
  serviceName,
  ratio,
  delay = 1_000,
  log,
}: Options): OpenTracing => {
  const warn = throttledWarn(log, "traces cannot be sent, spans are dropped");
  const exporter = new OTLPTraceExporter({
    url: `${endpoint}/v1/traces`,
    timeoutMillis: EXPORT,
    ...(headers && { headers }),
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      "service.name": serviceName,
      "service.instance.id": `${hostname()}-${process.pid}`,
      "process.pid": process.pid,
    }),
    // Runs follow the decision of the request that enqueued them. It is in the ledger, as a flag of the traceparent.
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: reportFailures(exporter, warn),
        maxQueueSize: QUEUE,
        scheduledDelayMillis: delay,
        exportTimeoutMillis: EXPORT + 1_000,
      }),
    ],
    spanLimits: { attributeValueLengthLimit: 500 },
  });
  const contexts = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(contexts);
  trace.setGlobalTracerProvider(provider);
  diag.setLogger(diagnostics(warn), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const tracer = provider.getTracer("offstage");

  const start = (name: string, { kind, attributes, parent, links }: SpanOptions, startTime?: number) => {
    const within = parent === undefined ? contexts.active() : contextOf(parent);
    const options = {
      kind: KINDS[kind],
      links: linksOf(links),
      ...(attributes && { attributes }),
      ...(startTime !== undefined && { startTime }),
    };
    return { span: tracer.startSpan(name, options, within), within };
  };

  return {
    current: () => {
      const active = trace.getSpanContext(contexts.active());
      return active && traceparentOf(active);
    },
    during: async (name, options, work) => {
      const { span, within } = start(name, options);
      try {
        return await contexts.with(trace.setSpan(within, span), () => work(controlsOf(span)));
      } catch (error) {
        fail(span, typeOf(error));
        throw error;
      } finally {
        span.end();
      }
    },
    past: (name, ms, options, failure) => {
      const { span } = start(name, options, Date.now() - ms);
      if (failure) fail(span, failure);
      span.end();
      return traceparentOf(span.spanContext());
    },
    close: async () => {
      const timeout = Promise.withResolvers<void>();
      const timer = setTimeout(timeout.resolve, CLOSE);
      await Promise.race([provider.shutdown().catch(warn), timeout.promise]);
      clearTimeout(timer);
    },
  };
};

const controlsOf = (span: Span) => ({
  traceparent: traceparentOf(span.spanContext()),
  set: (attributes: Record<string, string | number | boolean>, name?: string) => {
    span.setAttributes(attributes);
    if (name !== undefined) span.updateName(name);
  },
  fail: (type: string, message?: string) => fail(span, type, message),
});

const fail = (span: Span, type: string, message?: string): void => {
  span.setAttribute("error.type", type);
  span.setStatus({ code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) });
};

/** Its message may quote an address, so only its code or class is recorded. */
const typeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return "_OTHER";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
};

const contextOf = (traceparent: string | null): Context => {
  const parent = traceparent === null ? null : parseTraceParent(traceparent);
  return parent ? trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true }) : ROOT_CONTEXT;
};

const linksOf = (traceparents: readonly string[] = []): Link[] =>
  traceparents.flatMap((traceparent) => {
    const linked = parseTraceParent(traceparent);
    return linked ? [{ context: { ...linked, isRemote: true } }] : [];
  });

const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;

const reportFailures = (exporter: SpanExporter, warn: (error: Error) => void): SpanExporter => ({
  export: (spans, done) =>
    exporter.export(spans, (result) => {
      if (result.error) warn(result.error);
      done(result);
    }),
  forceFlush: async () => exporter.forceFlush?.(),
  shutdown: () => exporter.shutdown(),
});

/** The SDK reports dropped spans here, and failed exports, which `reportFailures` has reported already. */
const diagnostics = (warn: (error: Error) => void) => {
  const ignore = () => {};
  return {
    verbose: ignore,
    debug: ignore,
    info: ignore,
    warn: (message: string) => warn(new Error(message)),
    error: ignore,
  };
};
