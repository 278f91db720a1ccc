import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

/** A mail provider that refuses a given number of mails with a temporary error. */
export interface ThrottlingProvider extends AsyncDisposable {
  readonly url: string;
  /** When it refused and when it accepted mails, in milliseconds since 1970. */
  readonly refusals: readonly number[];
  readonly arrivals: readonly number[];
  /** Refuses the next `times` mails. */
  refuse(code: 421 | 450, times: number): void;
}

export const startThrottlingProvider = async (): Promise<ThrottlingProvider> => {
  const refusals: number[] = [];
  const arrivals: number[] = [];
  let next = { code: 421, times: 0 };
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS", "AUTH"],
    disableReverseLookup: true,
    closeTimeout: 100,
    logger: false,
    onRcptTo: (_address, _session, callback) => {
      if (next.times === 0) return callback();
      next.times -= 1;
      refusals.push(Date.now());
      callback(Object.assign(new Error("4.7.0 slow down"), { responseCode: next.code }));
    },
    onData: (stream, _session, callback) => {
      stream.resume().on("end", () => {
        arrivals.push(Date.now());
        callback();
      });
    },
  });
  server.on("error", () => {}); // a client that disconnects
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    refusals,
    arrivals,
    refuse: (code, times) => void (next = { code, times }),
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(resolve)),
  };
};
