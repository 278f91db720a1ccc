import { traced } from "../core/index.ts";

/**
 * Returns a function that runs calls to the provider at `url` in a span, if the job's run is traced. Of the URL it has
 * the host and the port: the rest may contain a password.
 */
export const callsTo = (name: string, url: string) => {
  const { hostname, port } = new URL(url);
  const attributes = { "server.address": hostname, ...(port && { "server.port": Number(port) }) };
  return <Result>(call: () => Promise<Result>): Promise<Result> =>
    traced(name, { kind: "client", attributes }, call);
};
