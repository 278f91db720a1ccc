import { createServer } from "node:http";
import type { Logger } from "pino";
import type { Metrics } from "./registry.ts";

/**
 * Serves the metrics at `/metrics` for Prometheus. Exits the process if the port is taken. Not for the internet: the
 * port needs no login.
 */
export const serveMetrics = (
  { registry, text }: Pick<Metrics, "registry" | "text">,
  { host, port, log }: { host: string; port: number; log: Logger },
): { close(): void } => {
  const server = createServer((request, response) => {
    if (request.url?.split("?", 1)[0] !== "/metrics" || request.method !== "GET")
      return void response.writeHead(404).end();
    text().then(
      (body) => response.writeHead(200, { "Content-Type": registry.contentType }).end(body),
      (error: unknown) => {
        log.error({ err: error }, "the metrics cannot be collected");
        response.writeHead(500).end();
      },
    );
  });
  server.on("error", (error) => {
    log.fatal({ err: error }, `cannot listen on port ${port}: is it taken? Set METRICS_PORT to another one`);
    process.exit(1);
  });
  server.listen(port, host);
  return {
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};
