import { setTimeout as wait } from "node:timers/promises";
import { buffer } from "node:stream/consumers";
import { SMTPServer } from "smtp-server";
import { type Inbox, toAscii } from "./inbox.ts";
import type { Outage } from "./outage.ts";

/** Milliseconds until a slow provider responds. */
const SLOW = 3_000;

/** A mail provider that accepts any mail for any address while the outage switch is off. */
export const createSmtpServer = (inbox: Inbox, outage: Outage): SMTPServer => {
  const server = new SMTPServer({
    name: "sandbox",
    size: 25 * 1024 * 1024,
    disabledCommands: ["STARTTLS"],
    disableReverseLookup: true,
    authOptional: true,
    allowInsecureAuth: true,
    // The strict mode allows 253 characters, RFC 5321 (with erratum 1690) 254.
    lenientAddressParsing: true,
    // Longer than clients keep idle connections, so that the clients close them.
    socketTimeout: 300_000,
    closeTimeout: 100,
    logger: false,

    onAuth: ({ username }, _session, respond) => respond(null, { user: username }),

    onRcptTo: (_address, _session, respond) => respond(refusals.get(outage.now.mail)),

    onData: (stream, { envelope }, respond) => {
      const recipients = envelope.rcptTo.map(({ address }) => toAscii(address));
      receive(stream, recipients).then(() => {
        if (outage.now.mail !== "hang") respond(null, "2.0.0 stored in the sandbox");
      }, respond);
    },
  });

  const receive = async (stream: NodeJS.ReadableStream, recipients: string[]) => {
    const raw = await buffer(stream);
    if (outage.now.mail === "slow") await wait(SLOW, undefined, { ref: false });
    await inbox.deliver(raw, recipients);
  };

  // A client that disconnects in the middle of a mail must not end the sandbox.
  return server.on("error", () => {});
};

const refusal = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });

const refusals = new Map<string, Error>([
  ["refuse", refusal(451, "4.3.0 refused by the sandbox, try again later")],
  ["reject", refusal(550, "5.1.1 rejected by the sandbox")],
]);
