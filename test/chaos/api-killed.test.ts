import { expect, it } from "vitest";
import { expectAllDoneOnce, expectWholeSignUps, untilAllOver } from "../support/chaos/checks.ts";
import { signUp } from "../support/chaos/signup.ts";
import { createSystem, type System } from "../support/chaos/system.ts";

/** Where a process dies inside its transaction; another one stops before it then, and one after it. */
const inside = [
  ...Array.from({ length: 20 }, () => "between the inserts"),
  ...Array.from({ length: 15 }, () => "before COMMIT"),
  ...Array.from({ length: 15 }, () => "during COMMIT"),
];

/** Kills one API with three requests under way, each at its moment. */
const kill = async (system: System, moments: string[], domain: string) => {
  await using api = system.start("test/support/chaos/api.ts", { DIE: moments.join() });
  const { url } = JSON.parse(await api.wrote("listening")) as { url: string };
  const asked = [];
  for (const [index, moment] of moments.entries()) {
    const email = `${index}@${domain}`;
    asked.push(signUp(url, email).then(({ status }) => ({ moment, email, status })));
    if (index < moments.length - 1) await api.wrote(`stopped ${moment}`);
  }
  expect(await api.exited).toEqual({ code: null, signal: "SIGKILL" });
  return Promise.all(asked);
};

/** One after the other: the start of a process takes more than one core. */
const killAll = async (system: System) => {
  const killed: Awaited<ReturnType<typeof kill>> = [];
  for (const [index, moment] of inside.entries()) {
    const moments = ["before BEGIN", "before the answer", moment];
    killed.push(...(await kill(system, moments, `killed-${index}.example`)));
  }
  return killed;
};

it(
  "an API killed around its commit leaves both rows or neither, and delivers both",
  { timeout: 900_000 },
  async () => {
    await using system = await createSystem();
    const killed = await killAll(system);
    await system.startWorker();
    await untilAllOver(system);
    await expectAllDoneOnce(system);
    const users = await expectWholeSignUps(system);

    const committed = (moment: string) =>
      killed.filter((each) => each.moment === moment && users.has(each.email)).length;
    expect(committed("before BEGIN")).toBe(0);
    expect(committed("between the inserts")).toBe(0);
    expect(committed("before COMMIT")).toBe(0);
    expect(committed("before the answer")).toBe(50);
    expect(killed.filter(({ status, email }) => status === 202 && !users.has(email))).toEqual([]);
  },
);
