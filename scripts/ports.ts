import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

/** A port that nobody listens on right now. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
};

export const isFree = async (port: number, host = "127.0.0.1"): Promise<boolean> => {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
};

/** Whether browsers and `fetch` refuse this port of any host: https://fetch.spec.whatwg.org/#port-blocking */
export const isBlocked = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}`).then(
    () => false,
    (error: Error) => error.cause instanceof Error && error.cause.message === "bad port",
  );
