import { dropTables, emptyTables, flush } from "./empty-broker.ts";
import type { RedisCluster } from "../processes/redis-cluster.ts";
import type { WatchedRedis } from "../processes/redis-sentinel.ts";
import type { RedisServer } from "../processes/redis-server.ts";
import type { Store } from "../processes/stores.ts";
import { type ChaosBroker, type MailOutage, type Member, PREFIX, type System } from "./system.ts";

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
    name: "chore worker terminated",
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

/** The whole way from request to effect works again when these are over. */
const onBroker = (name: string, strike: Fault["strike"]): Fault => ({ name, shownBy: "chore", strike });

const ofRedis = ({ url, crash, start, freeze, thaw }: Store): Fault[] => [
  onBroker("Redis crashed", async (_, aWhile) => {
    await crash();
    await aWhile();
    await start();
  }),
  onBroker("Redis frozen", async (_, aWhile) => {
    freeze();
    await aWhile();
    thaw();
  }),
  onBroker("Redis emptied", () => flush(url)),
];

const killForAWhile = async (node: RedisServer, aWhile: () => Promise<void>) => {
  await node.end("SIGKILL");
  await aWhile();
  await node.start();
};

const ofCluster = ({ url, nodes, nodeOf }: RedisCluster): Fault[] => [
  onBroker("node with the queues killed", async (_, aWhile) => killForAWhile(await nodeOf(PREFIX), aWhile)),
  onBroker("another node killed", async (_, aWhile) => {
    const holder = await nodeOf(PREFIX);
    for (const node of nodes.filter((each) => each !== holder).slice(0, 1)) await killForAWhile(node, aWhile);
  }),
  onBroker("node with the queues frozen", async (_, aWhile) => {
    const node = await nodeOf(PREFIX);
    node.freeze();
    await aWhile();
    node.thaw();
  }),
  onBroker("cluster emptied", () => flush(url)),
];

const ofSentinels = ({ url, master, inSync, promotedInsteadOf, demote }: WatchedRedis): Fault[] => {
  const failOver = async (end: (old: RedisServer) => Promise<void> | void) => {
    await inSync();
    const old = await master();
    await end(old);
    await promotedInsteadOf(old);
    return old;
  };
  return [
    onBroker("master killed", async (_, aWhile) => {
      const old = await failOver((each) => each.end("SIGKILL"));
      await aWhile();
      await old.start();
    }),
    onBroker("master frozen", async (_, aWhile) => {
      const old = await failOver((each) => each.freeze());
      await aWhile();
      old.thaw();
    }),
    onBroker("master demoted", async () => void (await failOver(demote))),
    onBroker("Redis emptied", () => flush(url)),
  ];
};

const ofPostgres: Fault[] = [
  onBroker("broker tables emptied", ({ sql }) => emptyTables(sql)),
  onBroker("broker schema dropped", ({ sql }) => dropTables(sql)),
];

const ofBroker = ({ kind, servers }: ChaosBroker): Fault[] => {
  if (kind === "redis") return ofRedis(servers);
  if (kind === "redis-cluster") return ofCluster(servers);
  return kind === "redis-sentinel" ? ofSentinels(servers) : ofPostgres;
};

const shuffle = (faults: readonly Fault[], random: () => number): Fault[] =>
  faults
    .map((fault) => ({ fault, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ fault }) => fault);

/** Every fault once, then every fault again. The broker's own come first, for runs that end before all of them. */
export const dealFaults = function* ({ broker }: System, random: () => number): Generator<Fault, never> {
  for (;;) {
    yield* shuffle(ofBroker(broker), random);
    yield* shuffle(common, random);
  }
};
