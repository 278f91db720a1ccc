import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { promisify } from "node:util";
import { test } from "vitest";
import { signUp } from "../support/chaos/signup.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { type Collector, type ReceivedSpan, startCollector } from "../support/servers/otlp.ts";
import { plainEnv } from "../../scripts/processes/plain-env.ts";
import type { ProjectProcess } from "../../scripts/processes/project-process.ts";
import { until } from "../../scripts/processes/until.ts";

const runFile = promisify(execFile);

/** Everything that belongs to the trace of a sign-up's mail, when the mail was sent. */
const traceOf = async ({ spans }: Collector): Promise<readonly ReceivedSpan[]> => {
  const request = await until("the span of the request", async () =>
    spans.find(({ name }) => name === "POST /v1/signup"),
  );
  return until("the span of the run that sent the mail", async () => {
    const trace = spans.filter(({ traceId }) => traceId === request.traceId);
    return trace.some(({ name, failed }) => name === "run email" && !failed) && trace;
  });
};

const jobOf = async ({ sql }: System): Promise<{ id: string; requestId: string; traceparent: string }> => {
  const [job] = await sql<{ id: string; requestId: string; traceparent: string }>(
    `SELECT id, "requestId", traceparent FROM "Job" WHERE name = 'email'`,
    [],
  );
  return job!;
};

const linesOf = ({ output }: ProjectProcess) =>
  output.flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Record<string, unknown>] : []));

const show = async ({ env }: System, id: string) =>
  (
    await runFile(process.execPath, ["scripts/jobs.ts", "show", id], {
      env: { ...process.env, ...plainEnv, ...env },
    })
  ).stdout;

test.concurrent("one trace goes from a request through retries to the mail server", async ({ expect }) => {
  await using collector = await startCollector();
  await using system = await createSystem();
  const otlp = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  const api = system.start("api/main.ts", otlp);
  const [worker] = await Promise.all([
    system.startWorker({ ...otlp, WORKERS: "email" }),
    api.wrote("listening"),
  ]);
  await system.setMailOutage("refuse");
  expect(await signUp(system.apiUrl, "canary-4711@example.com")).toMatchObject({ status: 202 });
  await until("two attempts have failed", async () => {
    const [row] = await system.sql<{ attempt: number }>(`SELECT attempt FROM "Job"`, []);
    return row?.attempt === 2;
  });
  await system.setMailOutage("off");
  const trace = await traceOf(collector);
  await Promise.all([api.kill("SIGTERM"), worker.kill("SIGTERM")]);

  const named = (name: string) => trace.filter((span) => span.name === name);
  const [request, enqueue, publish] = ["POST /v1/signup", "enqueue email", "publish email"].map(
    (name) => named(name)[0]!,
  );
  const [runs, sends] = [named("run email"), named("SMTP send")];
  expect(request).toMatchObject({
    service: "offstage-api",
    attributes: { "http.response.status_code": 202 },
  });
  expect(enqueue!.parentSpanId).toBe(request!.spanId);
  expect(publish!.parentSpanId).toBe(enqueue!.spanId);
  expect(runs.map(({ service, failed }) => [service, failed])).toEqual([
    ["offstage-worker", true],
    ["offstage-worker", true],
    ["offstage-worker", false],
  ]);
  expect(runs.map(({ parentSpanId }) => parentSpanId)).toEqual(Array(3).fill(enqueue!.spanId));
  expect(runs.map(({ links }) => links.map(({ spanId }) => spanId))).toEqual([
    [],
    [runs[0]!.spanId],
    [runs[1]!.spanId],
  ]);
  expect(sends.map(({ parentSpanId }) => parentSpanId)).toEqual(runs.map(({ spanId }) => spanId));

  const { id, requestId } = await jobOf(system);
  const ids = { requestId, traceId: request!.traceId };
  const logged = linesOf(worker).filter((line) => line["id"] === id);
  expect(logged).toMatchObject([ids, ids, ids]);
  const ofRequest = linesOf(api).find((line) => line["msg"] === "request completed");
  expect(ofRequest).toMatchObject({ req: { id: requestId }, traceId: request!.traceId });
  const shown = await show(system, id);
  for (const text of [requestId, request!.traceId, runs[0]!.spanId, runs[1]!.spanId])
    expect(shown).toContain(text);

  const all = JSON.stringify(collector.spans);
  for (const secret of ["canary-4711", "correct horse", "/v1/traces"]) expect(all).not.toContain(secret);
});

test.concurrent("the job of a killed worker continues its trace in another process", async ({ expect }) => {
  await using collector = await startCollector();
  await using system = await createSystem();
  // Accepts connections and says nothing, so that the mail is being sent when its worker dies.
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as { port: number };
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, WORKERS: "email" };
  const [doomed] = await Promise.all([
    system.startWorker({ ...env, SMTP_URL: `smtp://127.0.0.1:${port}` }),
    system.start("api/main.ts", { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }).wrote("listening"),
  ]);
  await signUp(system.apiUrl, "ada@example.com");
  await until("the worker is sending", async () => sockets.length > 0);
  await doomed.kill();
  silent.close();
  await system.startWorker(env);
  const trace = await traceOf(collector);
  const [crashed, run] = trace.filter(({ name }) => name === "run email");
  const enqueue = trace.find(({ name }) => name === "enqueue email")!;
  expect(crashed).toMatchObject({ failed: true, parentSpanId: enqueue.spanId });
  expect(crashed!.attributes["offstage.job.outcome"]).toBe("crashed");
  expect(run).toMatchObject({ failed: false, parentSpanId: enqueue.spanId });
  expect(run!.links.map(({ spanId }) => spanId)).toEqual([crashed!.spanId]);
  expect(trace.find(({ name }) => name === "SMTP send")?.parentSpanId).toBe(run!.spanId);
});
