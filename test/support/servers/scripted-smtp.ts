import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerSession } from "smtp-server";

/** What a client has just sent. */
export interface Command {
  stage: "CONNECT" | "AUTH" | "MAIL FROM" | "RCPT TO" | "DATA";
  /** Empty before RCPT TO. */
  recipient: string;
  /** The place of its connection among the open ones: 1 for the oldest. */
  place: number;
  /** Mails that this connection has delivered. */
  mails: number;
}

/** Returns the reply that refuses the command, such as `450 4.7.1 greylisted`. Otherwise it is accepted. */
export type Script = (command: Command) => string | undefined;

/** A mail provider that replies according to a script, which a test may replace. */
export interface ScriptedProvider extends AsyncDisposable {
  readonly url: string;
  script: Script;
  /** When it refused and when it accepted mails, in milliseconds since 1970. */
  readonly refusals: readonly (Command & { at: number })[];
  readonly arrivals: readonly (Command & { at: number })[];
}

type Respond = (error?: Error | null) => void;

/** `delay` is how long it takes to accept a mail, in milliseconds. */
export const startScriptedProvider = async (script: Script, delay = 0): Promise<ScriptedProvider> => {
  const refusals: (Command & { at: number })[] = [];
  const arrivals: (Command & { at: number })[] = [];
  const mailsOf = new Map<string, number>();

  const commandOf = (stage: Command["stage"], { id }: SMTPServerSession, recipient = ""): Command => ({
    stage,
    recipient,
    place: [...mailsOf.keys()].indexOf(id) + 1,
    mails: mailsOf.get(id) ?? 0,
  });
  const answer = (command: Command, respond: Respond, accept: () => void = respond) => {
    const reply = provider.script(command);
    if (!reply) return accept();
    refusals.push({ ...command, at: Date.now() });
    respond(Object.assign(new Error(reply.slice(4)), { responseCode: Number(reply.slice(0, 3)) }));
  };

  const server = new SMTPServer({
    disabledCommands: ["STARTTLS"],
    hideENHANCEDSTATUSCODES: true, // replies come from the script, unchanged
    authOptional: true,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    logger: false,
    onConnect: (session, respond) => {
      mailsOf.set(session.id, 0);
      answer(commandOf("CONNECT", session), (error) => {
        if (error) mailsOf.delete(session.id);
        respond(error);
      });
    },
    onClose: ({ id }) => void mailsOf.delete(id),
    onAuth: (_auth, session, respond) =>
      answer(
        commandOf("AUTH", session),
        (error) => respond(error ?? null),
        () => respond(null, { user: "user" }),
      ),
    onMailFrom: (_address, session, respond) => answer(commandOf("MAIL FROM", session), respond),
    onRcptTo: ({ address }, session, respond) => answer(commandOf("RCPT TO", session, address), respond),
    onData: (stream, session, respond) => {
      const command = commandOf("DATA", session, session.envelope.rcptTo[0]?.address);
      const accept = () => {
        arrivals.push({ ...command, at: Date.now() });
        mailsOf.set(session.id, command.mails + 1);
        respond();
      };
      stream.resume().on("end", () => setTimeout(() => answer(command, respond, accept), delay));
    },
  });
  server.on("error", () => {}); // a client that disconnects
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");

  const provider: ScriptedProvider = {
    url: `smtp://user:password@127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    script,
    refusals,
    arrivals,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(resolve)),
  };
  return provider;
};
