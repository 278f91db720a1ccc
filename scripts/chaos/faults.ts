import { dropTables, emptyTables, flush } from "./empty-broker.ts";
import type { MailOutage, Member, System } from "./system.ts";

export interface Fault {
  readonly name: string;
  /** Whose flow shows when all is well again. */
  readonly shownBy: "chore" | "mail";
  /** Resolves when the fault is over, though not its consequences. `aWhile` is how long an outage lasts. */
  strike(system: System, aWhile: () => Promise<void>): Promise<void>;
}

const kill = (...members: Member[]) =>
  Promise.all(members.map((member) => member.kill("SIGKILL"))).then(() => {});

const mailOutage = (name: string, outage: MailOutage): Fault => ({
  name,
  shownBy: "mail",
  strike: async ({ turnMail }, aWhile) => {
    await turnMail(outage);
    await aWhile();
    await turnMail("off");
  },
});

const common: Fault[] = [
  { name: "API killed", shownBy: "mail", strike: ({ api }) => kill(api) },
  { name: "mail worker killed", shownBy: "mail", strike: ({ mailWorker }) => kill(mailWorker) },
  { name: "chore worker killed", shownBy: "chore", strike: ({ choreWorkers: [first] }) => kill(first) },
  {
    name: "chore worker told to end",
    shownBy: "chore",
    strike: ({ choreWorkers: [, second] }) => second.kill("SIGTERM"),
  },
  {
    name: "every relay killed",
    shownBy: "chore",
    strike: ({ api, choreApi, mailWorker, choreWorkers }) => kill(api, choreApi, mailWorker, ...choreWorkers),
  },
  {
    name: "PostgreSQL restarted",
    shownBy: "chore",
    strike: async ({ postgres }, aWhile) => {
      await postgres.stop();
      await aWhile();
      await postgres.start();
    },
  },
  {
    name: "PostgreSQL crashed",
    shownBy: "chore",
    strike: async ({ postgres }) => {
      await postgres.crash();
      await postgres.start();
    },
  },
  mailOutage("mail refused", "refuse"),
  mailOutage("mail slow", "slow"),
  mailOutage("mail hangs", "hang"),
];

const ofRedis: Fault[] = [
  {
    name: "Redis crashed",
    shownBy: "chore",
    strike: async ({ redis }, aWhile) => {
      await redis?.crash();
      await aWhile();
      await redis?.start();
    },
  },
  {
    name: "Redis frozen",
    shownBy: "chore",
    strike: async ({ redis }, aWhile) => {
      redis?.freeze();
      await aWhile();
      redis?.thaw();
    },
  },
  {
    name: "Redis emptied",
    shownBy: "chore",
    strike: ({ redis }) => flush(redis?.url ?? ""),
  },
];

const ofPostgres: Fault[] = [
  {
    name: "broker tables emptied",
    shownBy: "chore",
    strike: ({ sql }) => emptyTables(sql),
  },
  {
    name: "broker schema dropped",
    shownBy: "chore",
    strike: ({ sql }) => dropTables(sql),
  },
];

export const faultsFor = ({ redis }: System): readonly Fault[] => [
  ...common,
  ...(redis ? ofRedis : ofPostgres),
];

/** Every fault once in a random order, then every fault again. */
export const dealFaults = function* (
  faults: readonly Fault[],
  random: () => number,
): Generator<Fault, never> {
  for (;;) {
    const deck = faults.map((fault) => ({ fault, order: random() }));
    for (const { fault } of deck.toSorted((a, b) => a.order - b.order)) yield fault;
  }
};
