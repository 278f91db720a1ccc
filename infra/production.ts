import { isRedisUrl, parseRedisUrl } from "../workers/core/redis-url.ts";
import { parseSender } from "./sender.ts";
import { givesUpTls, isThisMachine } from "./smtp-url.ts";

/** Defaults that are published in the repository. */
export const sampleSecret = "sample-secret-for-development-only-0123456789";
export const sampleSender = "Offstage <hello@offstage.example>";
const samplePassword = "offstage";
const sampleStoreSecret = "offstage-secret";

interface Settings {
  readonly allowPlaintextNetwork?: boolean;
  readonly databaseUrl?: string | undefined;
  readonly queueUrl?: string | undefined;
  readonly storageUrl?: string | undefined;
  readonly s3Endpoint?: string | undefined;
  readonly s3PublicEndpoint?: string | undefined;
  readonly s3Credentials?: { readonly secretAccessKey: string } | undefined;
  readonly otlpEndpoint?: string | undefined;
  readonly otlpHeaders?: Record<string, string> | undefined;
  readonly publicUrl?: string | undefined;
  readonly smtpUrl?: string | undefined;
  readonly transcriptionUrl?: string | undefined;
  readonly fcmSandboxUrl?: string | undefined;
  readonly sandbox?: boolean | undefined;
  readonly appSecret?: string;
  readonly mailFrom?: string;
}

/** Why production refuses these settings, one line each. Settings that a process does not read are not checked. */
export const productionProblems = (settings: Settings): string[] => {
  const { databaseUrl, queueUrl, publicUrl, smtpUrl, appSecret, mailFrom, allowPlaintextNetwork } = settings;
  const { s3Endpoint, s3PublicEndpoint, s3Credentials, transcriptionUrl, otlpEndpoint, otlpHeaders } =
    settings;
  const isMissing = (key: keyof Settings) => key in settings && !settings[key];
  const isExposed = (url?: string) => !allowPlaintextNetwork && crossesNetworkInPlaintext(url);
  const refusals: [refused: boolean, reason: string][] = [
    [isMissing("databaseUrl"), "DATABASE_URL: must be set, the embedded PostgreSQL is for development"],
    [isExposed(databaseUrl), `DATABASE_URL: must encrypt, with ?sslmode=verify-full, ${unlessPrivate}`],
    [
      isExposed(queueUrl),
      `QUEUE_URL: must encrypt, with rediss://, rediss-cluster://, rediss-sentinel:// or ?sslmode=verify-full, ${unlessPrivate}`,
    ],
    [hasSamplePassword(databaseUrl), "DATABASE_URL: must not use the published sample password"],
    [hasSamplePassword(queueUrl), "QUEUE_URL: must not use the published sample password"],
    [
      isMissing("storageUrl"),
      "STORAGE_URL: must be set, s3:// or a persistent folder that the API and the workers share",
    ],
    [isExposed(s3Endpoint), `S3_ENDPOINT: must be https://, ${unlessPrivate}`],
    [isRemoteHttp(s3PublicEndpoint), "S3_PUBLIC_ENDPOINT: must be https://, its URLs contain signatures"],
    [
      s3Credentials?.secretAccessKey === sampleStoreSecret,
      "S3_CREDENTIALS: must not be the published sample",
    ],
    [isMissing("publicUrl") || isHttp(publicUrl), "PUBLIC_URL: must be https://, its links contain tokens"],
    [
      isMissing("smtpUrl") || isSandbox(smtpUrl),
      "SMTP_URL: must be a mail server, the sandbox delivers no mail",
    ],
    [
      !allowPlaintextNetwork && isUnprotected(smtpUrl),
      `SMTP_URL: must not switch off TLS or the check of certificates, ${unlessPrivate}`,
    ],
    [
      isMissing("transcriptionUrl") || isSandboxPage(transcriptionUrl),
      "TRANSCRIPTION_URL: must be a provider, or `none` for no subtitles; the sandbox invents them",
    ],
    [
      isHttp(transcriptionUrl) && isExposed(transcriptionUrl),
      `TRANSCRIPTION_URL: must be https://, ${unlessPrivate}`,
    ],
    [
      otlpHeaders !== undefined && isExposed(otlpEndpoint),
      `OTEL_EXPORTER_OTLP_ENDPOINT: must be https://, the headers may contain a key, ${unlessPrivate}`,
    ],
    [
      settings.fcmSandboxUrl !== undefined,
      "FCM_SANDBOX_URL: must not be set, the sandbox delivers no push; set FCM_CREDENTIALS",
    ],
    [
      settings.sandbox === true,
      "SANDBOX: must not be on, its page shows every job and breaks things on purpose",
    ],
    [
      appSecret === sampleSecret,
      "APP_SECRET: must not be the published sample, make one with `openssl rand -hex 32`",
    ],
    [isSample(mailFrom), "MAIL_FROM: must not be the sample, which no mail server accepts"],
  ];
  return refusals.filter(([refused]) => refused).map(([, reason]) => reason);
};

const unlessPrivate = "unless ALLOW_PLAINTEXT_NETWORK=true says that the network is private";

const crossesNetworkInPlaintext = (url?: string): boolean => {
  if (!url) return false;
  if (isRedisUrl(url)) {
    const { tls, nodes } = parseRedisUrl(url);
    return !tls && !nodes.every(({ host }) => isThisMachine(host));
  }
  const { protocol, hostname, searchParams } = new URL(url);
  if (protocol === "https:") return false;
  // pg takes the last of repeated parameters, and prefers `host` to the host of the URL.
  const last = (name: string) => searchParams.getAll(name).at(-1) ?? "";
  // As in libpq, which does not check the certificate then.
  const isEncrypted = (last("uselibpqcompat") === "true" ? /^verify-/ : /^(require|verify-)/).test(
    last("sslmode"),
  );
  const host = last("host") || hostname;
  return !isEncrypted && !isThisMachine(host) && !host.startsWith("/");
};

const hasSamplePassword = (url?: string) => url !== undefined && passwordsOf(url).includes(samplePassword);

const passwordsOf = (url: string): (string | undefined)[] => {
  if (!isRedisUrl(url)) return [new URL(url).password, ...new URL(url).searchParams.getAll("password")];
  const address = parseRedisUrl(url);
  return [address.password, address.kind === "sentinel" ? address.sentinel.password : undefined];
};

const isRemoteHttp = (url?: string) => isHttp(url) && crossesNetworkInPlaintext(url);

const isHttp = (url?: string) => url !== undefined && URL.parse(url)?.protocol === "http:";

const isUnprotected = (smtpUrl?: string) =>
  smtpUrl !== undefined && givesUpTls(smtpUrl) && !isThisMachine(new URL(smtpUrl).hostname);

/** Whatever the name, and the case: a mail server would refuse it as well. */
const isSample = (sender?: string) => sender !== undefined && addressOf(sender) === addressOf(sampleSender);

const addressOf = (sender: string) => parseSender(sender).address.toLowerCase();

const isSandboxPage = (url?: string) => /^https?:\/\/(sandbox\b|[^/]*:8025\b)/i.test(url ?? "");

const isSandbox = (smtpUrl?: string) => /^smtps?:\/\/(.*@)?(sandbox\b|[^/]*:1025\b)/i.test(smtpUrl ?? "");
