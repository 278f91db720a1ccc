import { setTimeout as sleep } from "node:timers/promises";
import type { Measurement } from "../findings.ts";
import { confidenceInterval, percentile } from "../statistics.ts";
import { startSystem } from "./system.ts";

const SAMPLES = { full: 600, quick: 100 };
const WARM_UP = 30;
/** The minimum interval between two sign-ups. Each of the three systems receives about ten per second. */
const INTERVAL_MS = 33;

/** The response times of three consecutive sign-ups in milliseconds, by the state of the mail provider. */
interface Sample {
  up: number;
  refuse: number;
  hang: number;
}

/**
 * Compares the response times of sign-ups while the mail provider works, refuses mails and hangs. There is a system for
 * each state. Each round sends one sign-up to each system, so that the load of the machine affects all of them. The
 * order is random: the mail of a sign-up is rendered and sent on the same cores, and may slow down the next sign-up.
 */
export const measureSignUp: Measurement = async (servers, extent) => {
  await using up = await startSystem(servers, "off");
  await using refuse = await startSystem(servers, "refuse");
  await using hang = await startSystem(servers, "hang");
  const samples: Sample[] = [];
  for (let round = -WARM_UP; round < SAMPLES[extent]; round++) {
    const sample: Sample = { up: NaN, refuse: NaN, hang: NaN };
    for (const [state, system] of shuffled(Object.entries({ up, refuse, hang }))) {
      const interval = sleep(INTERVAL_MS);
      sample[state as keyof Sample] = await system.signUp();
      await interval;
    }
    if (round >= 0) samples.push(sample);
  }

  const row = (label: string, state: keyof Sample) => [
    label,
    ...[0.5, 0.9, 0.99].map((share) => percentileOf(samples, state, share).toFixed(1)),
  ];
  const ratio = (name: string, share: number) => ({
    name,
    value: downVsUp(samples, share),
    range: confidenceInterval(samples, (chosen) => downVsUp(chosen, share)),
    target: { min: 0.95, max: 1.05 },
  });
  return {
    title: `Sign-up: milliseconds to the response (${SAMPLES[extent]} for each state of the mail provider)`,
    columns: ["", "p50", "p90", "p99"],
    rows: [
      row("provider works", "up"),
      row("provider refuses mails", "refuse"),
      row("provider hangs", "hang"),
    ],
    figures: [ratio("signup_p99_mail_down_vs_up", 0.99), ratio("signup_p50_mail_down_vs_up", 0.5)],
  };
};

const percentileOf = (samples: readonly Sample[], state: keyof Sample, share: number): number =>
  percentile(
    samples.map((sample) => sample[state]),
    share,
  );

/** The ratio of the slower of the two failing states to the working state. */
const downVsUp = (samples: readonly Sample[], share: number): number =>
  Math.max(percentileOf(samples, "refuse", share), percentileOf(samples, "hang", share)) /
  percentileOf(samples, "up", share);

const shuffled = <Item>(items: readonly Item[]): Item[] =>
  items
    .map((item) => ({ item, order: Math.random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
