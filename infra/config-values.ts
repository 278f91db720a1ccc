import { isRedisUrl, parseRedisUrl } from "../workers/core/redis-url.ts";
import { z } from "zod";
import { parseServiceAccount } from "./push/service-account.ts";

const MILLISECONDS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
export const environment = z.enum(["development", "test", "production"]);
export const level = z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]);
export const port = z.coerce.number("must be a port").int("must be a port").min(0).max(65_535);
export const count = z.coerce
  .number("must be a number")
  .int("must be a whole number")
  .min(0, "must be 0 or more");
/** Node announces whole seconds, and takes 0 for no timeout. */
export const keepAlive = count.min(1_000, "must be 1000 or more").max(86_400_000, "must be 86400000 or less");
/** Less would be reached by a busy machine, more is as good as none. */
export const stuckAfter = count.min(2_000, "must be 2000 or more").max(600_000, "must be 600000 or less");
export const unverifiedDays = count.min(1, "must be 1 or more").max(3_650, "must be 3650 or less");
export const workerProcesses = count.min(1, "must be 1 or more").max(16, "must be 16 or less");
/** `30s`, `15m`, `12h`, `7d`, or `0`. */
export const grace = z
  .string()
  .regex(/^(0|[1-9]\d{0,5}[smhd])$/, "must be 0, or a number with s, m, h or d, such as 7d")
  .transform((value) => Number.parseInt(value, 10) * (MILLISECONDS[value.at(-1) ?? ""] ?? 0));
export const names = z.string().transform((value) => value.split(",").map((name) => name.trim()));
export const prefix = z.string().regex(/^[\w{}-]+$/, "may have letters, digits, _ - { }");
export const secret = z.string().min(32, "must have at least 32 characters");
/** `name=03:30` (daily, UTC), `name=15m` or `name=off`, separated by commas. */
export const cadences = z.string().transform((value, { addIssue }) => {
  const entries = value.split(",").map((entry) => entry.trim().split("="));
  const parsed = entries.map(([name = "", when = ""]) => [name, parseCadence(when)] as const);
  if (parsed.some(([, cadence]) => cadence === undefined))
    addIssue("must be entries like name=03:30, name=15m or name=off, separated by commas");
  return new Map(parsed.flatMap(([name, cadence]) => (cadence ? [[name, cadence] as const] : [])));
});
/** A text that `parse` accepts. Its TypeErrors say what is wrong, without the value. */
export const parsedBy = (parse: (value: string) => unknown) =>
  z.string().check(({ value, issues }) => {
    const message = problemOf(() => parse(value));
    if (message) issues.push({ code: "custom", input: value, message });
  });
/** `name=value`, separated by commas, with values as in a URL: the form of OTEL_EXPORTER_OTLP_HEADERS. */
export const headers = z.string().transform((value, { addIssue }) => {
  const entries = value.split(",").map((entry) => /^\s*([\w-]+)\s*=\s*(\S.*?)\s*$/.exec(entry));
  const pairs = entries.flatMap((found) =>
    found ? [[found[1] ?? "", decoded(found[2] ?? "")] as const] : [],
  );
  if (pairs.length < entries.length || pairs.some(([, text]) => text === undefined))
    addIssue("must be entries like name=value, separated by commas, with values encoded as in a URL");
  return Object.fromEntries(pairs.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));
});
export const ratio = z.coerce
  .number("must be a number from 0 to 1")
  .min(0, "must be 0 or more")
  .max(1, "must be 1 or less");
const url = (protocol: RegExp, example: string) =>
  z.url({ protocol, error: `must be a URL like ${example}` });

export const database = url(/^postgres(ql)?$/, "postgres://user:password@host/database");
export const broker = parsedBy((value) => {
  if (isRedisUrl(value)) return parseRedisUrl(value);
  if (database.safeParse(value).success) return value;
  throw new TypeError(
    "must be a URL like redis://host, redis-cluster://host1,host2, redis-sentinel://host1,host2/master or postgres://host/database",
  );
});
export const provider = z.literal("none").or(url(/^https?$/, "https://api.openai.com/v1, or none"));
export const storage = z
  .string()
  .regex(
    /^(file:\/\/\/.+|s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])$/,
    "must be a URL like file:///folder or s3://bucket",
  );
export const onOrOff = z.stringbool({ truthy: ["on"], falsy: ["off"], error: "must be on or off" });
/** Paths are appended to it. */
export const withoutSlash = (value: string) => value.replace(/\/+$/, "");
export const httpUrl = (example: string) => url(/^https?$/, example);
export const credentials = z
  .string()
  .regex(/^[^:\s]+:\S+$/, "must be KEY:SECRET")
  .transform((value) => ({
    accessKeyId: value.slice(0, value.indexOf(":")),
    secretAccessKey: value.slice(value.indexOf(":") + 1),
  }));

/** A path to, or the JSON of, a service account. No message repeats it. */
export const serviceAccount = z.string().transform((value, { addIssue }) => {
  try {
    return parseServiceAccount(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    addIssue(error.message);
    return z.NEVER;
  }
});

const parseCadence = (text: string) => {
  if (text === "off") return "off" as const;
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hour) return { every: "day", hour: Number(hour), minute: Number(minute) } as const;
  const minutes = Number(/^([1-9]\d{0,3})m$/.exec(text)?.[1]);
  return minutes <= 1_440 ? ({ every: "minutes", minutes } as const) : undefined;
};

const decoded = (text: string): string | undefined => {
  try {
    const value = decodeURIComponent(text);
    return /^[\x20-\x7e]+$/.test(value) ? value : undefined;
  } catch {
    return undefined;
  }
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
