import { setTimeout as wait } from "node:timers/promises";
import { buffer } from "node:stream/consumers";
import { SMTPServer, type SMTPServerSession } from "smtp-server";
import { type Inbox, toAscii } from "./inbox.ts";
import type { Outage } from "./outage.ts";

/** The name with which Alertmanager greets (smtp_hello in monitoring/alertmanager). */
const ALERTMANAGER = "alertmanager";

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

    onRcptTo: (_address, session, respond) => respond(refusals.get(modeFor(session))),

    onData: (stream, session, respond) => {
      const recipients = session.envelope.rcptTo.map(({ address }) => toAscii(address));
      receive(stream, recipients, session).then(() => {
        if (modeFor(session) !== "hang") respond(null, "2.0.0 stored in the sandbox");
      }, respond);
    },
  });

  const isAlertmanager = ({ hostNameAppearsAs }: SMTPServerSession) => hostNameAppearsAs === ALERTMANAGER;

  // In production, alerts do not take the way of the application's mails, so here they pass during an outage.
  const modeFor = (session: SMTPServerSession) => (isAlertmanager(session) ? "off" : outage.now.mail);

  const receive = async (stream: NodeJS.ReadableStream, recipients: string[], session: SMTPServerSession) => {
    const raw = await buffer(stream);
    if (modeFor(session) === "slow") await wait(SLOW, undefined, { ref: false });
    await inbox.deliver(raw, recipients, isAlertmanager(session) ? "alert" : "application");
  };

  // A client that disconnects in the middle of a mail must not end the sandbox.
  return server.on("error", () => {});
};

const refusal = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });

const refusals = new Map<string, Error>([
  ["refuse", refusal(451, "4.3.0 refused by the sandbox, try again later")],
  ["reject", refusal(550, "5.1.1 rejected by the sandbox")],
]);
