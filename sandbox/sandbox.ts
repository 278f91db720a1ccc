import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { createApp } from "./app.ts";
import { Inbox } from "./inbox.ts";
import { Outage } from "./outage.ts";
import { Phones } from "./phones.ts";
import { createSmtpServer } from "./smtp.ts";

interface Sandbox {
  smtpPort: number;
  httpPort: number;
  /** Closes every connection, including those that hang. */
  close(): Promise<void>;
}

/**
 * Runs a mail provider with an inbox for every address, a transcription provider, and FCM with a phone for every token.
 * Port 0 selects a free port.
 */
export const createSandbox = async (options: {
  host: string;
  smtpPort: number;
  httpPort: number;
}): Promise<Sandbox> => {
  const inbox = new Inbox();
  const outage = new Outage();
  const smtp = createSmtpServer(inbox, outage);
  const http = createServer(createApp(inbox, new Phones(), outage));

  const [smtpPort, httpPort] = await Promise.all([
    listen(smtp.server, options.smtpPort, options.host),
    listen(http, options.httpPort, options.host),
  ]);
  return {
    smtpPort,
    httpPort,
    close: async () => {
      http.close();
      http.closeAllConnections();
      await new Promise<void>((resolve) => smtp.close(resolve));
    },
  };
};

const listen = async (server: Server, port: number, host: string) => {
  server.listen(port, host);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
};
