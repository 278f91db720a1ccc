import type { Log } from "../workers/core/index.ts";
import type { Config } from "./config.ts";
import type { OpenTracing } from "./tracing.ts";

type Settings = Pick<Config<"worker">, "otlpEndpoint" | "otlpHeaders" | "otelServiceName" | "traceRatio">;

/** Loads OpenTelemetry if an endpoint is configured; resolves with undefined otherwise. Connects to nothing. */
export const openTracing = async (
  { otlpEndpoint: endpoint, otlpHeaders: headers, otelServiceName, traceRatio: ratio }: Settings,
  process: "api" | "worker",
  log: Log,
): Promise<OpenTracing | undefined> => {
  if (endpoint === undefined) return undefined;
  const { createTracing } = await import("./tracing.ts");
  return createTracing({
    endpoint,
    headers,
    serviceName: otelServiceName ?? `offstage-${process}`,
    ratio,
    log,
  });
};
