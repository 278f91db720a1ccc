import { setTimeout as wait } from "node:timers/promises";
import { buffer } from "node:stream/consumers";
import { SMTPServer } from "smtp-server";
import type { Inbox } from "./inbox.ts";
import type { Outage } from "./outage.ts";

/** Milliseconds until a slow provider answers. */
const SLOW = 3_000;

/** A mail provider that takes any mail from anybody for anybody, as long as the outage switch is off. */
export const createSmtpServer = (inbox: Inbox, outage: Outage): SMTPServer => {
  const server = new SMTPServer({
    name: "sandbox",
    size: 25 * 1024 * 1024,
    disabledCommands: ["STARTTLS"],
    disableReverseLookup: true,
    authOptional: true,
    allowInsecureAuth: true,
    // Its strict mode ends at 253 characters, RFC 5321 (with erratum 1690) at 254.
    lenientAddressParsing: true,
    // Longer than clients keep idle connections, so that it is they who close them.
    socketTimeout: 300_000,
    closeTimeout: 100,
    logger: false,

    onAuth: ({ username }, _session, answer) => answer(null, { user: username }),

    onRcptTo: (_address, _session, answer) => answer(refusals.get(outage.now.mail)),

    onData: (stream, { envelope }, answer) => {
      const recipients = envelope.rcptTo.map(({ address }) => address);
      receive(stream, recipients).then(() => {
        if (outage.now.mail !== "hang") answer(null, "2.0.0 delivered to the sandbox");
      }, answer);
    },
  });

  const receive = async (stream: NodeJS.ReadableStream, recipients: string[]) => {
    const raw = await buffer(stream);
    if (outage.now.mail === "slow") await wait(SLOW, undefined, { ref: false });
    await inbox.deliver(raw, recipients);
  };

  // A client that dies in the middle of a conversation must not take the sandbox with it.
  return server.on("error", () => {});
};

const refusal = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });

const refusals = new Map<string, Error>([
  ["refuse", refusal(451, "4.3.0 the sandbox refuses for now")],
  ["reject", refusal(550, "5.1.1 the sandbox rejects for good")],
]);
