import { createServer } from "node:http";
import type { Logger } from "pino";
import type { Core } from "./core/index.ts";

/**
 * Serves the health of a worker process: 503 until it works, and when a consumer is stuck. The body says which queue is
 * idle, working or stuck.
 */
export const serveHealth = (
  health: Core<never>["health"],
  { healthPort, host }: { healthPort?: number | undefined; host: string },
  log: Logger,
): { close(): void } | undefined => {
  if (healthPort === undefined) return undefined;
  const server = createServer((_request, response) => {
    const body = describe(health());
    response.writeHead(body.status === "ok" ? 200 : 503, { "Content-Type": "application/json" });
    response.end(JSON.stringify(body));
  });
  server.on("error", (error) => {
    log.fatal(
      { err: error },
      `cannot listen on port ${healthPort}: is it taken? Set HEALTH_PORT to another one`,
    );
    process.exit(1);
  });
  return server.listen(healthPort, host);
};

const describe = (health: ReturnType<Core<never>["health"]>) => {
  if (!health) return { status: "starting" };
  const { about, stuck } = health;
  const queues = Object.entries(about.queues).map(([name, { slots, running }]) => {
    const state = stuck.includes(name) ? "stuck" : running > 0 ? "working" : "idle";
    return [name, { state, running, slots }];
  });
  return { status: stuck.length > 0 ? "stuck" : "ok", queues: Object.fromEntries(queues) };
};
