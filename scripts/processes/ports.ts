import { once } from "node:events";
import { createServer, isIPv6 } from "node:net";

// Below the ports that systems give to whoever asks for any (from 32,768 on Linux, 49,152 elsewhere), and for each process
// other ones: what is found free here stays free until it is used, and while its server is away.
const FIRST = 20_000;
const COUNT = 12_000;
let next = process.pid * 1_009;

/** A port that no one listens on right now. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = FIRST + (next++ % COUNT);
    if (await isFree(port)) return port;
  }
};

export const isFree = async (port: number, host = "127.0.0.1"): Promise<boolean> =>
  (await tryToListen(port, host)) === "free";

/** What URLs of this machine call a host that is listened on. */
export const urlHost = (host: string): string => {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return isIPv6(host) ? `[${host}]` : host;
};

/** Why these ports, by the variables that set them, cannot be listened on: a sentence each. */
export const portProblems = async (ports: Record<string, number>, host: string): Promise<string[]> => {
  const wanted = Object.entries(ports);
  const problems = new Set<string>();
  const taken: string[] = [];
  for (const [variable, port] of wanted) {
    const [first] = wanted.find((each) => each[1] === port) ?? [variable];
    // PostgreSQL's is tried once a server that was left behind has been ended.
    const found = variable === "DATABASE_PORT" ? "free" : await tryToListen(port, host);
    if (port === 0) problems.add(`${variable} is 0, which clients cannot find: set it to another port.`);
    else if (first !== variable)
      problems.add(`${first} and ${variable} are both ${port}: change one of them.`);
    else if (found === "EADDRINUSE") taken.push(`Port ${port} is taken: set ${variable} to a free one.`);
    else if (found !== "free") problems.add(refusal(found, variable, port, host));
    else if (isForHttp(variable) && (await isBlocked(port)))
      problems.add(`Browsers refuse to open port ${port}: set ${variable} to another one.`);
  }
  if (taken.length > 0) taken.push("Or is Offstage running already?");
  return [...problems, ...taken];
};

const isForHttp = (variable: string) => variable !== "SANDBOX_SMTP_PORT" && variable !== "DATABASE_PORT";

const refusal = (code: string, variable: string, port: number, host: string): string => {
  if (code === "EACCES") return `Port ${port} is not for this user: set ${variable} to one above 1023.`;
  if (NO_ADDRESS.has(code))
    return `HOST is ${host}, which is no address of this machine: set it to one, or to 0.0.0.0 for all.`;
  return `Port ${port} cannot be listened on (${code}): set ${variable} or HOST to another one.`;
};

const NO_ADDRESS = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT", "EAI_AGAIN", "EINVAL", "ENOTFOUND"]);

/** The code of the error, where it fails. */
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
