import { setTimeout as sleep } from "node:timers/promises";
import type { Measurement } from "../findings.ts";
import { percentile, chanceRange } from "../statistics.ts";
import { startSystem } from "./system.ts";

const SAMPLES = { full: 600, quick: 100 };
const WARM_UP = 30;
/** Between two sign-ups: about ten per second on each of the three systems. */
const PACE_MS = 33;

/** The milliseconds of three sign-ups that followed each other. */
interface Trio {
  up: number;
  refuse: number;
  hang: number;
}

/**
 * How long a sign-up takes while the mail provider is up, refuses and hangs. There is a system for each, and each
 * round asks all three, in a random order: so that a busy moment of the machine hits all alike, and so that none
 * always comes right after another's mail, which is rendered and sent on the same cores.
 */
export const measureSignUp: Measurement = async (servers, extent) => {
  await using up = await startSystem(servers, "off");
  await using refuse = await startSystem(servers, "refuse");
  await using hang = await startSystem(servers, "hang");
  const trios: Trio[] = [];
  for (let round = -WARM_UP; round < SAMPLES[extent]; round++) {
    const trio: Trio = { up: NaN, refuse: NaN, hang: NaN };
    for (const [state, system] of shuffled(Object.entries({ up, refuse, hang }))) {
      const pace = sleep(PACE_MS);
      trio[state as keyof Trio] = await system.signUp();
      await pace;
    }
    if (round >= 0) trios.push(trio);
  }

  const row = (label: string, state: keyof Trio) => [
    label,
    ...[0.5, 0.9, 0.99].map((share) => at(trios, state, share).toFixed(1)),
  ];
  const ratio = (name: string, share: number) => ({
    name,
    value: downVsUp(trios, share),
    range: chanceRange(trios, (chosen) => downVsUp(chosen, share)),
    target: { least: 0.95, most: 1.05 },
  });
  return {
    title: `Sign-up: milliseconds to the answer (${SAMPLES[extent]} for each state of the mail provider)`,
    columns: ["", "p50", "p90", "p99"],
    rows: [row("provider up", "up"), row("provider refuses", "refuse"), row("provider hangs", "hang")],
    figures: [ratio("signup_p99_mail_down_vs_up", 0.99), ratio("signup_p50_mail_down_vs_up", 0.5)],
  };
};

const at = (trios: readonly Trio[], state: keyof Trio, share: number): number =>
  percentile(
    trios.map((trio) => trio[state]),
    share,
  );

/** The slower of the two ways to be down. */
const downVsUp = (trios: readonly Trio[], share: number): number =>
  Math.max(at(trios, "refuse", share), at(trios, "hang", share)) / at(trios, "up", share);

const shuffled = <Item>(items: readonly Item[]): Item[] =>
  items
    .map((item) => ({ item, order: Math.random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
