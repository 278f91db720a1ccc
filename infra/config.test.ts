import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { describe, expect, it } from "vitest";
import { ConfigError, loadConfig, variables } from "./config.ts";

const production = {
  NODE_ENV: "production",
  APP_SECRET: "0123456789abcdef0123456789abcdef",
  DATABASE_URL: "postgres://app@db.internal/app?sslmode=verify-full",
  QUEUE_URL: "rediss://queue.internal",
  STORAGE_URL: "s3://offstage-files",
  PUBLIC_URL: "https://app.example.com",
  SMTP_URL: "smtps://mail.example.com",
  MAIL_FROM: "hello@example.com",
  TRANSCRIPTION_URL: "https://api.openai.com/v1",
};

describe("the config", () => {
  it("requires no variable", () => {
    const config = loadConfig("worker", {});
    expect(config.databaseUrl).toBe("postgres://offstage:offstage@127.0.0.1:54329/offstage");
    expect(config.queueUrl).toBe(config.databaseUrl);
    expect(config.workers).toBeUndefined();
  });

  it("derives unset URLs from the ports", () => {
    const env = { DATABASE_PORT: "6000", PORT: "6001", SANDBOX_SMTP_PORT: "6002", SANDBOX_HTTP_PORT: "6003" };
    expect(loadConfig("worker", env)).toMatchObject({
      queueUrl: "postgres://offstage:offstage@127.0.0.1:6000/offstage",
      publicUrl: "http://127.0.0.1:6001",
      smtpUrl: "smtp://127.0.0.1:6002",
      transcriptionUrl: "http://127.0.0.1:6003/v1",
    });
    expect(loadConfig("api", { DATABASE_URL: "postgres://db/app" }).queueUrl).toBe("postgres://db/app");
  });

  it("contains only the variables that the process reads, and is frozen", () => {
    const config = loadConfig("sandbox", { HEALTH_PORT: "9000" });
    expect(Object.keys(config)).toEqual([
      "environment",
      "logLevel",
      "shutdownGraceMs",
      "host",
      "sandboxSmtpPort",
      "sandboxHttpPort",
    ]);
    expect(Object.isFrozen(config)).toBe(true);
  });

  it("reads numbers, switches and lists", () => {
    const env = { HEALTH_PORT: "9000", WORKERS: "email, report-generate", ALLOW_PLAINTEXT_NETWORK: "true" };
    expect(loadConfig("worker", env)).toMatchObject({
      healthPort: 9000,
      workers: ["email", "report-generate"],
      allowPlaintextNetwork: true,
    });
  });

  it("reads cadences: a time of day, minutes, or off", () => {
    const { schedules } = loadConfig("worker", { SCHEDULES: "purge=04:30, tidy=15m,sweep=off" });
    expect(Object.fromEntries(schedules ?? [])).toEqual({
      purge: { every: "day", hour: 4, minute: 30 },
      tidy: { every: "minutes", minutes: 15 },
      sweep: "off",
    });
    for (const SCHEDULES of [
      "purge",
      "purge=",
      "purge=24:00",
      "purge=4:30",
      "purge=0m",
      "purge=1441m",
      "purge=1h",
    ])
      expect(() => loadConfig("worker", { SCHEDULES })).toThrow("SCHEDULES: must be entries like");
  });

  it("accepts PUBLIC_URL with or without a trailing slash", () => {
    for (const PUBLIC_URL of ["https://app.example.com", "https://app.example.com/"])
      expect(loadConfig("api", { PUBLIC_URL }).publicUrl).toBe("https://app.example.com");
  });

  it("keeps files in the data folder by default", () => {
    expect(loadConfig("api", { DATA_FOLDER: "/data" }).storageUrl).toBe("file:///data/files");
    const env = { STORAGE_URL: "s3://files", S3_CREDENTIALS: "key:sec:ret/+=" };
    expect(loadConfig("worker", env)).toMatchObject({
      storageUrl: "s3://files",
      s3Credentials: { accessKeyId: "key", secretAccessKey: "sec:ret/+=" },
    });
    for (const STORAGE_URL of ["files", "http://files", "s3://", "s3://A", "file://relative"])
      expect(problemsOf("api", { STORAGE_URL })).toEqual([expect.stringMatching(/^STORAGE_URL: /)]);
    expect(problemsOf("api", { S3_CREDENTIALS: "key" })).toEqual(["S3_CREDENTIALS: must be KEY:SECRET"]);
  });

  it("has the live page outside production only, and takes on and off", () => {
    expect(loadConfig("api", {}).sandbox).toBe(true);
    expect(loadConfig("worker", { NODE_ENV: "test" }).sandbox).toBe(true);
    expect(loadConfig("api", production).sandbox).toBe(false);
    expect(loadConfig("api", { SANDBOX: "off" }).sandbox).toBe(false);
    expect(loadConfig("api", { ...production, SANDBOX: "off" }).sandbox).toBe(false);
    expect(problemsOf("api", { SANDBOX: "maybe" })).toEqual(["SANDBOX: must be on or off"]);
  });

  it("finds the sandbox by its port, or where SANDBOX_URL says", () => {
    expect(loadConfig("api", { SANDBOX_HTTP_PORT: "6003" }).sandboxUrl).toBe("http://127.0.0.1:6003");
    expect(loadConfig("api", { SANDBOX_URL: "http://sandbox:8025/" }).sandboxUrl).toBe("http://sandbox:8025");
  });

  it("takes the endpoint, the headers and the sampling of traces", () => {
    const config = loadConfig("worker", {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318/",
      OTEL_EXPORTER_OTLP_HEADERS: "api-key=s3cret%3D, x-team = jobs",
      OTEL_TRACES_SAMPLER_ARG: "0.25",
    });
    expect(config).toMatchObject({
      otlpEndpoint: "http://127.0.0.1:4318",
      otlpHeaders: { "api-key": "s3cret=", "x-team": "jobs" },
      traceRatio: 0.25,
    });
    expect(loadConfig("api", {})).toMatchObject({ otlpEndpoint: undefined, traceRatio: 1 });
    for (const OTEL_EXPORTER_OTLP_HEADERS of ["key", "=value", "key=", "key=%", "key=%0A", "a=b,,"])
      expect(problemsOf("api", { OTEL_EXPORTER_OTLP_HEADERS })).toEqual([
        expect.stringMatching(/^OTEL_EXPORTER_OTLP_HEADERS: must be entries like name=value/),
      ]);
    expect(problemsOf("worker", { OTEL_TRACES_SAMPLER_ARG: "2" })).toEqual([
      "OTEL_TRACES_SAMPLER_ARG: must be 1 or less",
    ]);
  });

  it("treats an empty variable as unset", () => {
    expect(loadConfig("api", { PORT: "", QUEUE_URL: "" })).toEqual(loadConfig("api", {}));
  });

  it("limits the shutdown to the time that an orchestrator allows", () => {
    const tooLong = ["SHUTDOWN_GRACE_MS and DRAIN_DELAY_MS: must be at most 23000 together"];
    expect(problemsOf("worker", { SHUTDOWN_GRACE_MS: "23001" })).toEqual(tooLong);
    expect(problemsOf("api", { DRAIN_DELAY_MS: "10000" })).toEqual(tooLong);
    const { drainDelayMs } = loadConfig("api", { DRAIN_DELAY_MS: "10000", SHUTDOWN_GRACE_MS: "13000" });
    expect(drainDelayMs).toBe(10_000);
  });

  it("shows an example of a provider's URL", () => {
    expect(loadConfig("worker", { TRANSCRIPTION_URL: "none" }).transcriptionUrl).toBe("none");
    expect(problemsOf("worker", { TRANSCRIPTION_URL: "x" })).toEqual([
      "TRANSCRIPTION_URL: must be a URL like https://api.openai.com/v1, or none",
    ]);
  });

  it.each([
    "redis-cluster://a:6379,b:6379",
    "rediss-cluster://user:p%40ss@a:6379,[::1]:6380",
    "redis-sentinel://:secret@s1:26379,s2:26379/offstage/2?sentinelPassword=secret",
    "rediss-sentinel://s1/offstage",
  ])("accepts %s as a broker", (QUEUE_URL) => {
    expect(loadConfig("api", { QUEUE_URL }).queueUrl).toBe(QUEUE_URL);
  });

  it.each([
    ["amqp://s3cret@a", /^must be a URL like redis:.* redis-cluster:.* redis-sentinel:.* or postgres:/],
    ["redis-cluster:a", /^must be a URL like redis-cluster:/],
    ["redis-cluster://s3cret@,b", /^must list its hosts like redis-cluster:/],
    ["redis-cluster://a:port", /^must list its hosts/],
    ["redis-cluster://:s3cret@a/1", /has only database 0$/],
    ["redis-cluster://:s3cret%@a", /percent-encoded$/],
    ["redis-sentinel://:s3cret@a,b", /^must end in the name of the master, like redis-sentinel:/],
    ["redis-sentinel://a/offstage/first", /^must end in the name of the master/],
    ["redis-sentinel://a/offstage?password=s3cret", /sentinelUsername and sentinelPassword only$/],
  ])("explains what is wrong with the broker %s", (QUEUE_URL, message) => {
    const [problem = ""] = problemsOf("api", { QUEUE_URL });
    expect(problem.replace("QUEUE_URL: ", "")).toMatch(message);
    expect(problem).not.toContain("s3cret");
  });

  it.each([
    ["SMTP_URL", "smtp://user:s3cret@host?pool=true", /parameters .* only/],
    ["SMTP_URL", "smtp:s3cret", /^must be a URL like smtp:/],
    ["MAIL_FROM", "s3cret", /^must be one address/],
    ["MAIL_FROM", "s3cret@acme.example, other@acme.example", /^must be one address/],
    ["MAIL_FROM", "s3crét@acme.example", /ASCII .* before its @$/],
    ["MAIL_FROM", "s3cret@acme", /complete domain/],
  ])("explains what is wrong with a %s of %s", (name, value, message) => {
    const [problem = ""] = problemsOf("worker", { [name]: value });
    expect(problem.replace(`${name}: `, "")).toMatch(message);
    expect(problem).not.toMatch(/s3cr/);
  });

  it("reports every problem at once, without the values", () => {
    const env = { PORT: "http", DATABASE_URL: "mysql://u:s3cret@db", APP_SECRET: "s3cret", NODE_ENV: "prod" };
    const problems = problemsOf("api", env);
    expect(problems.map((line) => line.split(":")[0])).toEqual([
      "NODE_ENV",
      "DATABASE_URL",
      "PORT",
      "APP_SECRET",
    ]);
    expect(problems.join()).not.toContain("s3cret");
  });
});

describe("in production", () => {
  it.each(["api", "worker", "sandbox", "migrate"] as const)("a complete %s config is accepted", (kind) => {
    expect(loadConfig(kind, production).environment).toBe("production");
  });

  it.each([
    ["the sample secret", { APP_SECRET: "" }, "APP_SECRET"],
    ["the embedded database", { DATABASE_URL: "" }, "DATABASE_URL"],
    ["a plaintext database", { DATABASE_URL: "postgres://app@db.internal/app" }, "DATABASE_URL"],
    [
      "a database that may fall back to plaintext",
      { DATABASE_URL: "postgres://db.internal/app?sslmode=prefer" },
      "DATABASE_URL",
    ],
    [
      "the sample password of a database",
      { DATABASE_URL: "postgres://offstage:offstage@localhost/offstage" },
      "DATABASE_URL",
    ],
    ["the sample password of a broker", { QUEUE_URL: "rediss://:offstage@queue.internal" }, "QUEUE_URL"],
    [
      "the sample password of a cluster",
      { QUEUE_URL: "rediss-cluster://:offstage@a.internal,b.internal" },
      "QUEUE_URL",
    ],
    [
      "the sample password of Sentinels",
      { QUEUE_URL: "rediss-sentinel://a.internal/main?sentinelPassword=offstage" },
      "QUEUE_URL",
    ],
    ["a plaintext cluster", { QUEUE_URL: "redis-cluster://localhost,b.internal" }, "QUEUE_URL"],
    ["plaintext Sentinels", { QUEUE_URL: "redis-sentinel://a.internal/main" }, "QUEUE_URL"],
    ["the sample key of a store", { S3_CREDENTIALS: "offstage:offstage-secret" }, "S3_CREDENTIALS"],
    ["a plaintext broker", { QUEUE_URL: "redis://queue.internal" }, "QUEUE_URL"],
    [
      "a plaintext database whose name looks like this machine's",
      { DATABASE_URL: "postgres://localhost.example.com/app" },
      "DATABASE_URL",
    ],
    [
      "a plaintext broker whose name looks like an address of this machine",
      { QUEUE_URL: "redis://127.example.com" },
      "QUEUE_URL",
    ],
    ["the folder of this project", { STORAGE_URL: "" }, "STORAGE_URL"],
    ["a plaintext store", { S3_ENDPOINT: "http://store.internal:7070" }, "S3_ENDPOINT"],
    ["a plaintext URL of files", { S3_PUBLIC_ENDPOINT: "http://files.example.com" }, "S3_PUBLIC_ENDPOINT"],
    ["links without https", { PUBLIC_URL: "http://app.example.com" }, "PUBLIC_URL"],
    ["the sandbox by default", { SMTP_URL: "" }, "SMTP_URL"],
    ["the sandbox by name", { SMTP_URL: "smtp://sandbox:25" }, "SMTP_URL"],
    ["the sandbox by its port", { SMTP_URL: "smtp://mail.internal:1025" }, "SMTP_URL"],
    ["the sandbox in capitals", { SMTP_URL: "SMTP://SANDBOX:25" }, "SMTP_URL"],
    ["mail without TLS", { SMTP_URL: "smtp://mail.example.com?ignoreTLS=true" }, "SMTP_URL"],
    ["mail with optional TLS", { SMTP_URL: "smtp://mail.example.com?requireTLS=false" }, "SMTP_URL"],
    [
      "mail to any server with any certificate",
      { SMTP_URL: "smtps://mail.example.com?tls.rejectUnauthorized=false" },
      "SMTP_URL",
    ],
    ["a secret that is too short", { APP_SECRET: "x".repeat(31) }, "APP_SECRET"],
    ["the sandbox as transcription provider by default", { TRANSCRIPTION_URL: "" }, "TRANSCRIPTION_URL"],
    [
      "the sandbox as transcription provider by name",
      { TRANSCRIPTION_URL: "https://sandbox/v1" },
      "TRANSCRIPTION_URL",
    ],
    ["plaintext transcription", { TRANSCRIPTION_URL: "http://stt.internal/v1" }, "TRANSCRIPTION_URL"],
    [
      "plaintext transcription in capitals",
      { TRANSCRIPTION_URL: "HTTP://stt.internal/v1" },
      "TRANSCRIPTION_URL",
    ],
    ["links without https in capitals", { PUBLIC_URL: "HTTP://app.example.com" }, "PUBLIC_URL"],
    [
      "a database whose TLS a second parameter switches off",
      { DATABASE_URL: "postgres://db.internal/app?sslmode=require&sslmode=disable" },
      "DATABASE_URL",
    ],
    [
      "a database whose certificate is not checked",
      { DATABASE_URL: "postgres://db.internal/app?sslmode=no-verify" },
      "DATABASE_URL",
    ],
    [
      "a database whose certificate libpq would not check",
      { DATABASE_URL: "postgres://db.internal/app?sslmode=require&uselibpqcompat=true" },
      "DATABASE_URL",
    ],
    [
      "a plaintext database in a parameter",
      { DATABASE_URL: "postgres://localhost/app?host=db.internal" },
      "DATABASE_URL",
    ],
    [
      "the sample password in a parameter",
      { DATABASE_URL: "postgres://app@localhost/app?password=offstage" },
      "DATABASE_URL",
    ],
    ["the live page", { SANDBOX: "on" }, "SANDBOX"],
    ["the sample sender", { MAIL_FROM: "" }, "MAIL_FROM"],
    ["the sample sender without its name", { MAIL_FROM: "hello@offstage.example" }, "MAIL_FROM"],
    ["the sample sender with another name", { MAIL_FROM: '"Acme" <Hello@Offstage.Example>' }, "MAIL_FROM"],
  ])("%s is rejected", (_, change, name) => {
    expect(problemsOf("worker", { ...production, ...change })).toEqual([expect.stringMatching(`^${name}: `)]);
  });

  it("reports every problem at once", () => {
    expect(problemsOf("worker", { NODE_ENV: "production" })).toHaveLength(7);
  });

  it.each(["rediss-cluster://a.internal,b.internal", "redis-cluster://localhost,127.0.0.1,[::1]:6380"])(
    "the cluster %s is accepted",
    (QUEUE_URL) => {
      expect(loadConfig("api", { ...production, QUEUE_URL }).queueUrl).toBe(QUEUE_URL);
    },
  );

  it("a system without subtitles is accepted", () => {
    expect(loadConfig("worker", { ...production, TRANSCRIPTION_URL: "none" }).transcriptionUrl).toBe("none");
  });

  it("plaintext is accepted to this machine, and to a network declared private", () => {
    const local = {
      DATABASE_URL: "postgres:///app?host=/var/run/postgresql",
      QUEUE_URL: "redis://localhost",
      SMTP_URL: "smtp://127.0.0.1:25?ignoreTLS=true",
    };
    const remote = {
      DATABASE_URL: "postgres://db/app",
      QUEUE_URL: "redis://queue",
      SMTP_URL: "smtp://mail?ignoreTLS=true",
      ALLOW_PLAINTEXT_NETWORK: "true",
    };
    expect(loadConfig("worker", { ...production, ...local }).queueUrl).toBe("redis://localhost");
    expect(loadConfig("worker", { ...production, ...remote }).queueUrl).toBe("redis://queue");
  });

  it("refuses to send the headers of traces in plaintext to another machine", () => {
    const headers = { OTEL_EXPORTER_OTLP_HEADERS: "api-key=s3cret" };
    const remote = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector.example:4318" };
    expect(problemsOf("api", { ...production, ...remote, ...headers })).toEqual([
      expect.stringMatching(/^OTEL_EXPORTER_OTLP_ENDPOINT: must be https:/),
    ]);
    const encrypted = { OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector.example" };
    const local = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };
    for (const accepted of [remote, { ...encrypted, ...headers }, { ...local, ...headers }])
      expect(problemsOf("api", { ...production, ...accepted })).toEqual([]);
  });
});

describe(".env.example", () => {
  const text = readFileSync(new URL("../.env.example", import.meta.url), "utf8");
  const documented = parseEnv(text.replaceAll(/^# (?=[A-Z0-9_]+=)/gm, ""));

  it("describes every variable, and no other", () => {
    expect(Object.keys(documented).sort()).toEqual(
      Object.values(variables)
        .map(([name]) => name)
        .sort(),
    );
  });

  it("shows the defaults", () => {
    expect(loadConfig("system", documented)).toEqual(loadConfig("system", {}));
  });

  it("sets no variable when copied unchanged", () => {
    expect(parseEnv(text)).toEqual({});
  });
});

function problemsOf(kind: Parameters<typeof loadConfig>[0], env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(kind, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}
