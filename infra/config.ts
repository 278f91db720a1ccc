import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { isRedisUrl, parseRedisUrl } from "../workers/core/redis-url.ts";
import { productionProblems, sampleSecret, sampleSender } from "./production.ts";
import { parseSender } from "./sender.ts";
import { checkSmtpUrl } from "./smtp-url.ts";

const MILLISECONDS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const environment = z.enum(["development", "test", "production"]);
const level = z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]);
const port = z.coerce.number("must be a port").int("must be a port").min(0).max(65_535);
const count = z.coerce.number("must be a number").int("must be a whole number").min(0, "must be 0 or more");
/** Node announces whole seconds, and takes 0 for no timeout. */
const keepAlive = count.min(1_000, "must be 1000 or more").max(86_400_000, "must be 86400000 or less");
const unverifiedDays = count.min(1, "must be 1 or more").max(3_650, "must be 3650 or less");
const workerProcesses = count.min(1, "must be 1 or more").max(16, "must be 16 or less");
/** `30s`, `15m`, `12h`, `7d`, or `0`. */
const grace = z
  .string()
  .regex(/^(0|[1-9]\d{0,5}[smhd])$/, "must be 0, or a number with s, m, h or d, such as 7d")
  .transform((value) => Number.parseInt(value, 10) * (MILLISECONDS[value.at(-1) ?? ""] ?? 0));
const names = z.string().transform((value) => value.split(",").map((name) => name.trim()));
const prefix = z.string().regex(/^[\w{}-]+$/, "may have letters, digits, _ - { }");
const secret = z.string().min(32, "must have at least 32 characters");
/** `name=03:30` (daily, UTC), `name=15m` or `name=off`, separated by commas. */
const cadences = z.string().transform((value, { addIssue }) => {
  const entries = value.split(",").map((entry) => entry.trim().split("="));
  const parsed = entries.map(([name = "", when = ""]) => [name, parseCadence(when)] as const);
  if (parsed.some(([, cadence]) => cadence === undefined))
    addIssue("must be entries like name=03:30, name=15m or name=off, separated by commas");
  return new Map(parsed.flatMap(([name, cadence]) => (cadence ? [[name, cadence] as const] : [])));
});
/** A text that `parse` accepts. Its TypeErrors say what is wrong, without the value. */
const parsedBy = (parse: (value: string) => unknown) =>
  z.string().check(({ value, issues }) => {
    const message = problemOf(() => parse(value));
    if (message) issues.push({ code: "custom", input: value, message });
  });
const url = (protocol: RegExp, example: string) =>
  z.url({ protocol, error: `must be a URL like ${example}` });

const database = url(/^postgres(ql)?$/, "postgres://user:password@host/database");
const broker = parsedBy((value) => {
  if (isRedisUrl(value)) return parseRedisUrl(value);
  if (database.safeParse(value).success) return value;
  throw new TypeError(
    "must be a URL like redis://host, redis-cluster://host1,host2, redis-sentinel://host1,host2/master or postgres://host/database",
  );
});
const provider = z.literal("none").or(url(/^https?$/, "https://api.openai.com/v1, or none"));
const storage = z
  .string()
  .regex(
    /^(file:\/\/\/.+|s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])$/,
    "must be a URL like file:///folder or s3://bucket",
  );
/** Paths are appended to it. */
const withoutSlash = (value: string) => value.replace(/\/+$/, "");
const httpUrl = (example: string) => url(/^https?$/, example);
const credentials = z
  .string()
  .regex(/^[^:\s]+:\S+$/, "must be KEY:SECRET")
  .transform((value) => ({
    accessKeyId: value.slice(0, value.indexOf(":")),
    secretAccessKey: value.slice(value.indexOf(":") + 1),
  }));

const parseCadence = (text: string) => {
  if (text === "off") return "off" as const;
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hour) return { every: "day", hour: Number(hour), minute: Number(minute) } as const;
  const minutes = Number(/^([1-9]\d{0,3})m$/.exec(text)?.[1]);
  return minutes <= 1_440 ? ({ every: "minutes", minutes } as const) : undefined;
};

const problemOf = (parse: () => unknown): string | undefined => {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
};

/** Every variable that a process may read, by its name in the code. `.env.example` describes each one. */
export const variables = {
  environment: ["NODE_ENV", environment.default("development")],
  logLevel: ["LOG_LEVEL", level.default("info")],
  shutdownGraceMs: ["SHUTDOWN_GRACE_MS", count.default(20_000)],

  databaseUrl: ["DATABASE_URL", database.optional()],
  databasePort: ["DATABASE_PORT", port.default(54_329)],
  dataFolder: ["DATA_FOLDER", z.string().default(".data")],
  queueUrl: ["QUEUE_URL", broker.optional()],
  queuePrefix: ["QUEUE_PREFIX", prefix.default("offstage")],
  allowPlaintextNetwork: ["ALLOW_PLAINTEXT_NETWORK", z.stringbool("must be true or false").default(false)],

  storageUrl: ["STORAGE_URL", storage.optional()],
  s3Endpoint: ["S3_ENDPOINT", httpUrl("https://s3.example.com").optional()],
  s3PublicEndpoint: ["S3_PUBLIC_ENDPOINT", httpUrl("https://files.example.com").optional()],
  s3Region: ["S3_REGION", z.string().default("us-east-1")],
  s3Credentials: ["S3_CREDENTIALS", credentials.optional()],

  host: ["HOST", z.string().default("127.0.0.1")],
  port: ["PORT", port.default(3000)],
  publicUrl: ["PUBLIC_URL", httpUrl("https://app.example.com").transform(withoutSlash).optional()],
  trustProxy: ["TRUST_PROXY", count.default(0)],
  keepAliveTimeoutMs: ["KEEP_ALIVE_TIMEOUT_MS", keepAlive.default(620_000)],
  drainDelayMs: ["DRAIN_DELAY_MS", count.default(1_000)],
  throttles: ["THROTTLES", z.stringbool("must be true or false").default(true)],
  appSecret: ["APP_SECRET", secret.default(sampleSecret)],
  accountDeletionGrace: ["ACCOUNT_DELETION_GRACE", grace.default(7 * 86_400_000)],

  workers: ["WORKERS", names.optional()],
  schedules: ["SCHEDULES", cadences.optional()],
  healthPort: ["HEALTH_PORT", port.optional()],
  unverifiedDays: ["UNVERIFIED_DAYS", unverifiedDays.default(30)],
  purgeMaxStatements: ["PURGE_MAX_STATEMENTS", count.default(10)],
  purgeMaxBatchMs: ["PURGE_MAX_BATCH_MS", count.default(500)],
  workerProcesses: ["WORKER_PROCESSES", workerProcesses.default(2)],
  smtpUrl: ["SMTP_URL", parsedBy(checkSmtpUrl).optional()],
  mailFrom: ["MAIL_FROM", parsedBy(parseSender).default(sampleSender)],

  video: ["VIDEO", z.enum(["auto", "on", "off"]).default("auto")],
  ffmpegPath: ["FFMPEG_PATH", z.string().optional()],
  ffprobePath: ["FFPROBE_PATH", z.string().optional()],
  transcriptionUrl: ["TRANSCRIPTION_URL", provider.optional()],
  transcriptionKey: ["TRANSCRIPTION_KEY", z.string().optional()],
  transcriptionModel: ["TRANSCRIPTION_MODEL", z.string().default("whisper-1")],

  sandboxSmtpPort: ["SANDBOX_SMTP_PORT", port.default(1025)],
  sandboxHttpPort: ["SANDBOX_HTTP_PORT", port.default(8025)],
} as const satisfies Record<string, readonly [name: string, schema: z.ZodType]>;

const common = ["environment", "logLevel", "shutdownGraceMs"] as const;
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

const readBy = {
  api: [
    ...common,
    ...stores,
    ...files,
    ...links,
    "trustProxy",
    "keepAliveTimeoutMs",
    "drainDelayMs",
    "throttles",
    "accountDeletionGrace",
    "video",
    ...ffmpeg,
  ],
  worker: [
    ...[...common, ...stores, ...files, ...links, ...mail, ...ffmpeg, ...transcription],
    ...(["workers", "schedules", "healthPort"] as const),
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
};

/** The URL of the PostgreSQL that `npm start` runs if DATABASE_URL is not set. */
export const embeddedDatabaseUrl = (databasePort: number): string =>
  `postgres://offstage:offstage@127.0.0.1:${databasePort}/offstage`;

export type ProcessKind = keyof typeof readBy;
type Key<Kind extends ProcessKind> = (typeof readBy)[Kind][number];

/** The settings of one kind of process, frozen. */
export type Config<Kind extends ProcessKind> = {
  readonly [K in Key<Kind>]: K extends keyof typeof derived ? string : Settings[K];
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
    ([key]) => key in settings && !settings[key as keyof Settings],
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
