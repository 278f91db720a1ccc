import { once } from "node:events";
import { createServer, isIPv6 } from "node:net";

// Below the ports that systems assign to clients (from 32,768 on Linux, 49,152 elsewhere), and a different sequence for
// each process, so that a free port stays free until it is used, and while its server is down.
const FIRST = 20_000;
const COUNT = 12_000;
let next = process.pid * 1_009;

/** A port that is not in use, and not one of `except`. */
export const freePort = async (except: readonly number[] = []): Promise<number> => {
  for (;;) {
    const port = FIRST + (next++ % COUNT);
    if (!except.includes(port) && (await isFree(port))) return port;
  }
};

export const isFree = async (port: number, host = "127.0.0.1"): Promise<boolean> =>
  (await tryToListen(port, host)) === "free";

/** The host in URLs for a server that listens on `host`. */
export const urlHost = (host: string): string => {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return isIPv6(host) ? `[${host}]` : host;
};

/** Why these ports, by the names of their variables, cannot be used: one sentence for each problem. */
export const portProblems = async (ports: Record<string, number>, host: string): Promise<string[]> => {
  const wanted = Object.entries(ports);
  const problems = new Set<string>();
  const inUse: string[] = [];
  for (const [variable, port] of wanted) {
    const [first] = wanted.find((each) => each[1] === port) ?? [variable];
    // startPostgres checks its port itself, after it has stopped a server left by a killed start.
    const found = variable === "DATABASE_PORT" ? "free" : await tryToListen(port, host);
    if (port === 0) problems.add(`${variable} is 0: set it to the number of a port.`);
    else if (first !== variable)
      problems.add(`${first} and ${variable} are both ${port}: change one of them.`);
    else if (found === "EADDRINUSE") inUse.push(`Port ${port} is in use: set ${variable} to a free one.`);
    else if (found !== "free") problems.add(refusal(found, variable, port, host));
    else if (isForHttp(variable) && (await isBlocked(port)))
      problems.add(`Browsers block port ${port}: set ${variable} to another one.`);
  }
  if (inUse.length > 0) inUse.push("Is Offstage already running?");
  return [...problems, ...inUse];
};

const isForHttp = (variable: string) => variable !== "SANDBOX_SMTP_PORT" && variable !== "DATABASE_PORT";

const refusal = (code: string, variable: string, port: number, host: string): string => {
  if (code === "EACCES")
    return `This user may not listen on port ${port}: set ${variable} to a port above 1023.`;
  if (NO_ADDRESS.has(code))
    return `HOST is ${host}, which is not an address of this machine: use one of its addresses, or 0.0.0.0 for all.`;
  return `Cannot listen on port ${port} (${code}): set ${variable} or HOST to another one.`;
};

const NO_ADDRESS = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT", "EAI_AGAIN", "EINVAL", "ENOTFOUND"]);

/** Returns "free", or the code of the error. */
const tryToListen = async (port: number, host: string): Promise<string> => {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
    return "free";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "unknown";
  } finally {
    server.close();
  }
};

/** Whether browsers and `fetch` refuse this port of any host: https://fetch.spec.whatwg.org/#port-blocking */
const isBlocked = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}`).then(
    () => false,
    (error: Error) => error.cause instanceof Error && error.cause.message === "bad port",
  );
