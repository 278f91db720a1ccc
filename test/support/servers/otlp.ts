import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** A span as it was received. */
export interface ReceivedSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  /** The ids of the linked spans. */
  links: { traceId: string; spanId: string }[];
  attributes: Record<string, string | number | boolean>;
  failed: boolean;
  service: string;
  ms: number;
}

/** A receiver of traces, as an OpenTelemetry collector is one. */
export interface Collector extends AsyncDisposable {
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** The headers of the last export. */
  readonly headers: Readonly<Record<string, unknown>>;
}

interface Value {
  stringValue?: string;
  intValue?: number | string;
  doubleValue?: number;
  boolValue?: boolean;
}
interface Attribute {
  key: string;
  value: Value;
}
interface Export {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: { spans: (Omit<ReceivedSpan, "attributes" | "failed"> & Raw)[] }[];
  }[];
}
interface Raw {
  attributes?: Attribute[];
  links?: { traceId: string; spanId: string }[];
  status?: { code?: number };
  startTimeUnixNano: string;
  endTimeUnixNano: string;
}

/** Starts a receiver of OTLP over HTTP, in JSON. */
export const startCollector = async (): Promise<Collector> => {
  const spans: ReceivedSpan[] = [];
  let headers: Record<string, unknown> = {};
  const server = createServer(async (request, response) => {
    headers = request.headers;
    if (request.url === "/v1/traces") spans.push(...readSpans((await json(request)) as Export));
    response.setHeader("Content-Type", "application/json");
    response.end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    get headers() {
      return headers;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
};

const readSpans = ({ resourceSpans }: Export): ReceivedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)["service.name"]);
    return scopeSpans.flatMap((scope) =>
      scope.spans.map(({ name, traceId, spanId, parentSpanId, ...raw }) => ({
        ...{ name, traceId, spanId, service },
        ...(parentSpanId && { parentSpanId }),
        links: (raw.links ?? []).map((link) => ({ traceId: link.traceId, spanId: link.spanId })),
        attributes: valuesOf(raw.attributes),
        failed: raw.status?.code === 2,
        ms: Number(BigInt(raw.endTimeUnixNano) - BigInt(raw.startTimeUnixNano)) / 1e6,
      })),
    );
  });

const valuesOf = (attributes: Attribute[] = []): ReceivedSpan["attributes"] =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? Number(value.intValue ?? value.doubleValue),
    ]),
  );
