import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import * as values from "./config-values.ts";
import { productionProblems, sampleSecret, sampleSender } from "./production.ts";
import { parseSender } from "./sender.ts";
import { checkSmtpUrl } from "./smtp-url.ts";

/** Every variable that a process may read, by its name in the code. `.env.example` describes each one. */
export const variables = {
  environment: ["NODE_ENV", values.environment.default("development")],
  logLevel: ["LOG_LEVEL", values.level.default("info")],
  shutdownGraceMs: ["SHUTDOWN_GRACE_MS", values.count.default(20_000)],

  otlpEndpoint: [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    values.httpUrl("http://127.0.0.1:4318").transform(values.withoutSlash).optional(),
  ],
  otlpHeaders: ["OTEL_EXPORTER_OTLP_HEADERS", values.headers.optional()],
  otelServiceName: ["OTEL_SERVICE_NAME", z.string().optional()],
  traceRatio: ["OTEL_TRACES_SAMPLER_ARG", values.ratio.default(1)],

  databaseUrl: ["DATABASE_URL", values.database.optional()],
  databasePort: ["DATABASE_PORT", values.port.default(54_329)],
  dataFolder: ["DATA_FOLDER", z.string().default(".data")],
  queueUrl: ["QUEUE_URL", values.broker.optional()],
  queuePrefix: ["QUEUE_PREFIX", values.prefix.default("offstage")],
  allowPlaintextNetwork: ["ALLOW_PLAINTEXT_NETWORK", z.stringbool("must be true or false").default(false)],

  storageUrl: ["STORAGE_URL", values.storage.optional()],
  s3Endpoint: ["S3_ENDPOINT", values.httpUrl("https://s3.example.com").optional()],
  s3PublicEndpoint: ["S3_PUBLIC_ENDPOINT", values.httpUrl("https://files.example.com").optional()],
  s3Region: ["S3_REGION", z.string().default("us-east-1")],
  s3Credentials: ["S3_CREDENTIALS", values.credentials.optional()],

  host: ["HOST", z.string().default("127.0.0.1")],
  port: ["PORT", values.port.default(3000)],
  publicUrl: [
    "PUBLIC_URL",
    values.httpUrl("https://app.example.com").transform(values.withoutSlash).optional(),
  ],
  trustProxy: ["TRUST_PROXY", values.count.default(0)],
  keepAliveTimeoutMs: ["KEEP_ALIVE_TIMEOUT_MS", values.keepAlive.default(620_000)],
  drainDelayMs: ["DRAIN_DELAY_MS", values.count.default(1_000)],
  throttles: ["THROTTLES", z.stringbool("must be true or false").default(true)],
  appSecret: ["APP_SECRET", values.secret.default(sampleSecret)],
  accountDeletionGrace: ["ACCOUNT_DELETION_GRACE", values.grace.default(7 * 86_400_000)],

  workers: ["WORKERS", values.names.optional()],
  schedules: ["SCHEDULES", values.cadences.optional()],
  healthPort: ["HEALTH_PORT", values.port.optional()],
  metricsPort: ["METRICS_PORT", values.port.optional()],
  stuckAfterMs: ["STUCK_AFTER_MS", values.stuckAfter.default(30_000)],
  unverifiedDays: ["UNVERIFIED_DAYS", values.unverifiedDays.default(30)],
  purgeMaxStatements: ["PURGE_MAX_STATEMENTS", values.count.default(10)],
  purgeMaxBatchMs: ["PURGE_MAX_BATCH_MS", values.count.default(500)],
  workerProcesses: ["WORKER_PROCESSES", values.workerProcesses.default(2)],
  smtpUrl: ["SMTP_URL", values.parsedBy(checkSmtpUrl).optional()],
  mailFrom: ["MAIL_FROM", values.parsedBy(parseSender).default(sampleSender)],

  video: ["VIDEO", z.enum(["auto", "on", "off"]).default("auto")],
  ffmpegPath: ["FFMPEG_PATH", z.string().optional()],
  ffprobePath: ["FFPROBE_PATH", z.string().optional()],
  transcriptionUrl: ["TRANSCRIPTION_URL", values.provider.optional()],
  transcriptionKey: ["TRANSCRIPTION_KEY", z.string().optional()],
  transcriptionModel: ["TRANSCRIPTION_MODEL", z.string().default("whisper-1")],

  fcmCredentials: ["FCM_CREDENTIALS", values.serviceAccount.optional()],
  fcmSandboxUrl: [
    "FCM_SANDBOX_URL",
    values.httpUrl("http://127.0.0.1:8025").transform(values.withoutSlash).optional(),
  ],

  adminQueuesWrite: ["ADMIN_QUEUES_WRITE", values.onOrOff.optional()],

  sandbox: ["SANDBOX", values.onOrOff.optional()],
  sandboxUrl: [
    "SANDBOX_URL",
    values.httpUrl("http://127.0.0.1:8025").transform(values.withoutSlash).optional(),
  ],
  sandboxSmtpPort: ["SANDBOX_SMTP_PORT", values.port.default(1025)],
  sandboxHttpPort: ["SANDBOX_HTTP_PORT", values.port.default(8025)],
} as const satisfies Record<string, readonly [name: string, schema: z.ZodType]>;

const common = ["environment", "logLevel", "shutdownGraceMs"] as const;
const operation = [
  ...(["metricsPort", "stuckAfterMs"] as const),
  ...(["otlpEndpoint", "otlpHeaders", "otelServiceName", "traceRatio"] as const),
] as const;
const stores = ["databaseUrl", "databasePort", "queueUrl", "queuePrefix", "allowPlaintextNetwork"] as const;
const files = [
  "dataFolder",
  "storageUrl",
  "s3Endpoint",
  "s3PublicEndpoint",
  "s3Region",
  "s3Credentials",
] as const;
const links = ["host", "port", "publicUrl", "appSecret"] as const;
const mail = ["smtpUrl", "sandboxSmtpPort", "mailFrom"] as const;
const ffmpeg = ["ffmpegPath", "ffprobePath"] as const;
const transcription = [
  "transcriptionUrl",
  "transcriptionKey",
  "transcriptionModel",
  "sandboxHttpPort",
] as const;

const push = ["fcmCredentials", "fcmSandboxUrl"] as const;

const readBy = {
  api: [
    ...common,
    ...operation,
    ...stores,
    ...files,
    ...links,
    "trustProxy",
    "keepAliveTimeoutMs",
    "drainDelayMs",
    "throttles",
    "accountDeletionGrace",
    "adminQueuesWrite",
    "video",
    ...ffmpeg,
    ...(["sandbox", "sandboxUrl", "sandboxHttpPort"] as const),
  ],
  worker: [
    ...[...common, ...stores, ...files, ...links, ...mail, ...ffmpeg, ...transcription, ...push],
    ...operation,
    ...(["workers", "schedules", "healthPort", "sandbox"] as const),
    ...(["unverifiedDays", "purgeMaxStatements", "purgeMaxBatchMs"] as const),
  ],
  sandbox: [...common, "host", "sandboxSmtpPort", "sandboxHttpPort"],
  migrate: [...common, ...stores],
  /** All variables: for `npm start`. */
  system: Object.keys(variables) as (keyof Settings)[],
} as const satisfies Record<string, readonly (keyof Settings)[]>;

type Settings = { readonly [Key in keyof typeof variables]: z.output<(typeof variables)[Key][1]> };

/** Defaults that depend on other settings. */
const derived = {
  databaseUrl: ({ databasePort }: Settings) => embeddedDatabaseUrl(databasePort),
  queueUrl: ({ databaseUrl, databasePort }: Settings) => databaseUrl ?? embeddedDatabaseUrl(databasePort),
  storageUrl: ({ dataFolder }: Settings) => pathToFileURL(resolve(dataFolder, "files")).href,
  publicUrl: ({ port }: Settings) => `http://127.0.0.1:${port}`,
  smtpUrl: ({ sandboxSmtpPort }: Settings) => `smtp://127.0.0.1:${sandboxSmtpPort}`,
  transcriptionUrl: ({ sandboxHttpPort }: Settings) => `http://127.0.0.1:${sandboxHttpPort}/v1`,
  fcmSandboxUrl: ({ sandboxHttpPort }: Settings) => `http://127.0.0.1:${sandboxHttpPort}`,
  sandbox: ({ environment }: Settings) => environment !== "production",
  adminQueuesWrite: ({ environment }: Settings) => environment !== "production",
  sandboxUrl: ({ sandboxHttpPort }: Settings) => `http://127.0.0.1:${sandboxHttpPort}`,
};

/** The URL of the PostgreSQL that `npm start` runs if DATABASE_URL is not set. */
export const embeddedDatabaseUrl = (databasePort: number): string =>
  `postgres://offstage:offstage@127.0.0.1:${databasePort}/offstage`;

export type ProcessKind = keyof typeof readBy;
type Key<Kind extends ProcessKind> = (typeof readBy)[Kind][number];

/** The settings of one kind of process, frozen. */
export type Config<Kind extends ProcessKind> = {
  readonly [K in Key<Kind>]: K extends keyof typeof derived ? ReturnType<(typeof derived)[K]> : Settings[K];
};

/** Holds every problem of a configuration, not only the first. No message repeats a value: it may be a secret. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(["The configuration is wrong:", ...problems].join("\n  "));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/**
 * Reads and checks what one kind of process needs. An empty variable counts as unset.
 * @throws ConfigError with every problem.
 */
export const loadConfig = <Kind extends ProcessKind>(kind: Kind, env = process.env): Config<Kind> => {
  const settings: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const key of readBy[kind]) {
    const [name, schema] = variables[key];
    const { data, error } = schema.safeParse(env[name] || undefined);
    if (error) problems.push(...error.issues.map(({ message }) => `${name}: ${message}`));
    else settings[key] = data;
  }
  if (endsTooLate(settings))
    problems.push(`SHUTDOWN_GRACE_MS and DRAIN_DELAY_MS: must be at most ${LONGEST_END} together`);
  if (settings["environment"] === "production") problems.push(...productionProblems(settings));
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(withDerived(settings as Settings)) as Config<Kind>;
};

/** Milliseconds. The rest of the 28 s in lifecycle.ts is for releasing the jobs that are still running. */
const LONGEST_END = 23_000;

const endsTooLate = ({ shutdownGraceMs = 0, drainDelayMs = 0 }: Partial<Settings>) =>
  shutdownGraceMs + drainDelayMs > LONGEST_END;

const withDerived = (settings: Settings): object => {
  const defaults = Object.entries(derived).filter(
    ([key]) => key in settings && settings[key as keyof Settings] === undefined,
  );
  return { ...settings, ...Object.fromEntries(defaults.map(([key, derive]) => [key, derive(settings)])) };
};

/** For main files: reads `.env` if it exists, then calls `loadConfig`. Prints every problem and exits with 1. */
export const loadConfigOrExit = <Kind extends ProcessKind>(kind: Kind): Config<Kind> => {
  if (existsSync(".env")) process.loadEnvFile(".env");
  try {
    return loadConfig(kind);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`${error.message}\n.env.example describes every variable.`);
    process.exit(1);
  }
};
