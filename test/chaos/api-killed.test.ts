import { expect, it } from "vitest";
import { expectAllDoneOnce, expectCompleteSignUps, untilAllFinished } from "../support/chaos/checks.ts";
import { signUp } from "../support/chaos/signup.ts";
import { createSystem, type System } from "../support/chaos/system.ts";

/** In each process, one request has stopped at each of these moments when another one kills the process. */
const stopped = ["before BEGIN", "between the inserts", "before COMMIT", "before the response"];

/** The moments at which the last request kills the process. A COMMIT that is under way cannot be stopped. */
const fatalMoments = [
  ...Array.from({ length: 15 }, () => "during COMMIT"),
  ...["between the inserts", "before COMMIT", "between the inserts", "before COMMIT"],
];

/** Sends one request per moment to an API process. Each stops at its moment, and the last kills the process. */
const kill = async (system: System, moments: string[], domain: string) => {
  await using api = system.start("test/support/chaos/api.ts", { STOP_AT: moments.join() });
  const { url } = JSON.parse(await api.wrote("listening")) as { url: string };
  const responses = [];
  for (const [index, moment] of moments.entries()) {
    const email = `${index}@${domain}`;
    responses.push(signUp(url, email).then(({ status }) => ({ moment, email, status })));
    if (index < moments.length - 1) await api.wrote(`stopped ${moment}`);
  }
  expect(await api.exited).toEqual({ code: null, signal: "SIGKILL" });
  return Promise.all(responses);
};

/** Runs the processes in sequence, because starting one takes more than one core. */
const killAll = async (system: System) => {
  const killed: Awaited<ReturnType<typeof kill>> = [];
  for (const [index, moment] of fatalMoments.entries()) {
    killed.push(...(await kill(system, [...stopped, moment], `killed-${index}.example`)));
  }
  return killed;
};

it(
  "an API killed around its commit leaves both user and job or neither, and every committed job runs",
  { timeout: 900_000 },
  async () => {
    await using system = await createSystem();
    const killed = await killAll(system);
    await system.startWorker();
    await untilAllFinished(system);
    await expectAllDoneOnce(system);
    const users = await expectCompleteSignUps(system);

    const committed = (moment: string) =>
      killed.filter((each) => each.moment === moment && users.has(each.email)).length;
    expect(committed("before BEGIN")).toBe(0);
    expect(committed("between the inserts")).toBe(0);
    expect(committed("before COMMIT")).toBe(0);
    expect(committed("before the response")).toBe(fatalMoments.length);
    expect(killed.filter(({ status, email }) => status === 202 && !users.has(email))).toEqual([]);
  },
);
