import { Histogram, type Registry } from "@prometheus-io/client";

/** A request whose response has been sent. */
export interface MeasuredRequest {
  method: string;
  /** The pattern of its route, such as `/v1/projects/:projectId`. */
  route: string;
  statusCode: number;
  seconds: number;
}

export type MeasureRequest = (request: MeasuredRequest) => void;

/** Seconds: from a page that is in memory to an upload of a large file. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

/** A metric of requests: their rate, errors and duration by route. */
export const meterRequests = (registry: Registry): MeasureRequest => {
  const durations = new Histogram({
    name: "offstage_http_request_duration_seconds",
    help: "From the arrival of a request until its response has been sent. Without event streams.",
    labelNames: ["method", "route", "status"] as const,
    buckets: BUCKETS,
    registers: [registry],
  });
  return ({ method, route, statusCode, seconds }) =>
    durations.observe({ method, route, status: `${Math.floor(statusCode / 100)}xx` }, seconds);
};
