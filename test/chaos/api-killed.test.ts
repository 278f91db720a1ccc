import { expect, it } from "vitest";
import { expectAllDoneOnce, expectWholeSignUps, untilAllOver } from "../support/chaos-checks.ts";
import { signUp } from "../support/chaos-signup.ts";
import { createSystem, type System } from "../support/chaos-system.ts";

const kills = {
  "before BEGIN": 50,
  "between the inserts": 20,
  "before COMMIT": 15,
  "during COMMIT": 15,
  "before the answer": 50,
};

const moments = Object.entries(kills).flatMap(([moment, times]) =>
  Array.from({ length: times }, () => moment),
);

const killAt = async (system: System, moment: string, email: string) => {
  await using api = system.start("test/support/chaos-api.ts", { DIE: moment });
  const { url } = JSON.parse(await api.wrote("listening")) as { url: string };
  const { status } = await signUp(url, email);
  expect(await api.exited).toEqual({ code: null, signal: "SIGKILL" });
  return { moment, email, status };
};

/** Three at a time, because most of it is the start of a process. */
const killAll = async (system: System) => {
  const waiting = [...moments.entries()];
  const killed: Awaited<ReturnType<typeof killAt>>[] = [];
  const inTurn = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop())
      killed.push(await killAt(system, next[1], `${next[0]}@killed.example`));
  };
  await Promise.all([inTurn(), inTurn(), inTurn()]);
  return killed;
};

it(
  "an API killed around its commit leaves both rows or neither, and delivers both",
  { timeout: 300_000 },
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
