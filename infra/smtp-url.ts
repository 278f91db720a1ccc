/** Parameters that change how the server is addressed. */
const ADDRESSING = ["name", "localAddress", "authMethod", "tls.servername"];
/** Parameters that are `true` or `false`, and the value that gives up encryption or the check of the certificate. */
const PROTECTION: Record<string, string> = {
  ignoreTLS: "true",
  requireTLS: "false",
  "tls.rejectUnauthorized": "false",
};

/**
 * Returns an SMTP URL if it has a host, and no parameter but these. nodemailer reads all its options from there: others
 * would discard mails, log them, or send them to another server.
 * https://nodemailer.com/smtp
 * @throws TypeError that says what is wrong, without the value
 */
export const checkSmtpUrl = (url: string): string => {
  const parsed = URL.parse(url);
  if (!parsed?.hostname || !/^smtps?:$/.test(parsed.protocol))
    throw new TypeError("must be a URL like smtp://user:password@host:587");
  const parameters = [...parsed.searchParams];
  const names = [...ADDRESSING, ...Object.keys(PROTECTION)];
  const areKnown = parameters.every(([name]) => names.includes(name));
  if (!areKnown || new Set(parameters.map(([name]) => name)).size < parameters.length)
    throw new TypeError(`may have the parameters ${names.join(", ")} only, each once`);
  if (parameters.some(([name, value]) => name in PROTECTION && !/^(true|false)$/.test(value)))
    throw new TypeError(`must have true or false for ${Object.keys(PROTECTION).join(", ")}`);
  return url;
};

/** Whether the URL gives up encryption, or the check of the server's certificate. */
export const givesUpTls = (url: string): boolean =>
  [...new URL(url).searchParams].some(([name, value]) => PROTECTION[name] === value);

interface Settings {
  readonly smtpUrl: string;
  readonly environment?: string;
  readonly allowPlaintextNetwork?: boolean;
}

/**
 * Whether a mail server must encrypt before it gets anything: if it is another machine, and in production or if the URL
 * has a password. Not on a network that is declared private.
 */
export const needsTls = ({ smtpUrl, environment, allowPlaintextNetwork }: Settings): boolean => {
  const { hostname, username, password } = new URL(smtpUrl);
  if (allowPlaintextNetwork || isThisMachine(hostname)) return false;
  return environment === "production" || username !== "" || password !== "";
};

export const isThisMachine = (host: string): boolean => /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host);
