import { startProcess } from "../processes/project-process.ts";
import { openDatabase } from "../../infra/database.ts";
import { hashPassword } from "../../infra/passwords.ts";
import { freePort } from "../processes/ports.ts";
import type { Findings, Measurement } from "./findings.ts";
import type { Servers } from "./servers.ts";
import { confidenceInterval, median, percentile } from "./statistics.ts";

const SAMPLES = 200;
const WARM_UP = 30;
const KNOWN = "known@example.com";

/** The response times of two consecutive requests, in milliseconds. */
interface Pair {
  known: number;
  unknown: number;
}

type Send = (email: string) => Promise<unknown>;

/** Compares the response times for an address with an account, verified by default, and for addresses without one. */
const measureEndpoint =
  (
    name: string,
    path: string,
    body: (email: string) => object,
    verifiedAt: Date | null = new Date(),
  ): Measurement =>
  async (servers) => {
    await using api = await startApi(servers, verifiedAt);
    const send: Send = async (email) => {
      const headers = { "content-type": "application/json" };
      const options = { method: "POST", headers, body: JSON.stringify(body(email)) };
      await (await fetch(api.url + path, options)).arrayBuffer();
    };
    const pairs: Pair[] = [];
    for (let round = -WARM_UP; round < SAMPLES; round++) {
      const pair = await measurePair(send, `unknown-${round}@example.com`);
      if (round >= 0) pairs.push(pair);
    }
    return describe(name, path, pairs);
  };

/** Sends both requests in a random order, so that neither the order nor the load of the machine favours one of them. */
const measurePair = async (send: Send, unknown: string): Promise<Pair> => {
  const pair: Pair = { known: NaN, unknown: NaN };
  const order = Math.random() < 0.5 ? (["known", "unknown"] as const) : (["unknown", "known"] as const);
  for (const which of order) {
    const startedAt = performance.now();
    await send(which === "known" ? KNOWN : unknown);
    pair[which] = performance.now() - startedAt;
  }
  return pair;
};

const describe = (name: string, path: string, pairs: readonly Pair[]): Findings => {
  const row = (which: keyof Pair) => {
    const values = pairs.map((pair) => pair[which]);
    return [`${which} address`, ...[0.5, 0.9, 0.99].map((share) => percentile(values, share).toFixed(1))];
  };
  return {
    title: `${path} (${name}): milliseconds to the response (${SAMPLES} of each)`,
    columns: ["", "p50", "p90", "p99"],
    rows: [row("known"), row("unknown")],
    figures: [{ name, value: gap(pairs), range: confidenceInterval(pairs, gap), target: { max: 5 } }],
  };
};

/** The difference of the medians, in milliseconds. */
const gap = (pairs: readonly Pair[]): number =>
  Math.abs(median(pairs.map(({ known }) => known)) - median(pairs.map(({ unknown }) => unknown)));

/** Starts only the API, with one account and without throttles. */
const startApi = async (
  servers: Servers,
  verifiedAt: Date | null,
): Promise<{ url: string } & AsyncDisposable> => {
  await using cleanups = new AsyncDisposableStack();
  const { url: databaseUrl } = cleanups.use(await servers.createDatabase());
  const database = openDatabase(databaseUrl, 1, () => {});
  const user = { email: KNOWN, name: "Known", passwordHash: await hashPassword("correct horse battery") };
  await database.prisma.user.create({ data: { ...user, verifiedAt } });
  await database.close();

  const port = `${await freePort()}`;
  const env = { DATABASE_URL: databaseUrl, QUEUE_URL: databaseUrl, PORT: port, THROTTLES: "false" };
  const api = cleanups.use(startProcess("api/main.ts", env));
  await api.wrote("listening");
  const owned = cleanups.move();
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => owned.disposeAsync() };
};

const signUp = (email: string) => ({ email, name: "Somebody", password: "correct horse battery" });

/** Checks that response times do not reveal whether an address has an account. */
export const accounts: readonly Measurement[] = [
  measureEndpoint("login_known_unknown_gap_ms", "/v1/login", (email) => ({
    email,
    password: "not the password",
  })),
  measureEndpoint("forgot_known_unknown_gap_ms", "/v1/password/forgot", (email) => ({ email })),
  measureEndpoint("signup_known_unknown_gap_ms", "/v1/signup", signUp),
  measureEndpoint("signup_unverified_unknown_gap_ms", "/v1/signup", signUp, null),
];
