import { emptyTables } from "../../infra/empty-broker.ts";
import { dropTables, flush } from "./empty-broker.ts";
import type { RedisCluster } from "../processes/redis-cluster.ts";
import type { WatchedRedis } from "../processes/redis-sentinel.ts";
import type { RedisServer } from "../processes/redis-server.ts";
import type { Store } from "../processes/stores.ts";
import { type ChaosBroker, type MailOutage, type Member, PREFIX, type System } from "./system.ts";

export interface Fault {
  readonly name: string;
  /** The probe that detects recovery: a request for a chore, or a sign-up and its mail. */
  readonly probe: "chore" | "mail";
  /**
   * Resolves when the fault has ended. The system may need longer to recover. `waitOutage` resolves after the duration
   * of an outage.
   */
  inject(system: System, waitOutage: () => Promise<void>): Promise<void>;
}

const kill = (...members: Member[]) =>
  Promise.all(members.map((member) => member.kill("SIGKILL"))).then(() => {});

const mailOutage = (name: string, outage: MailOutage): Fault => ({
  name,
  probe: "mail",
  inject: async ({ turnMail }, waitOutage) => {
    await turnMail(outage);
    await waitOutage();
    await turnMail("off");
  },
});

const commonFaults: Fault[] = [
  { name: "API killed", probe: "mail", inject: ({ api }) => kill(api) },
  { name: "mail worker killed", probe: "mail", inject: ({ mailWorker }) => kill(mailWorker) },
  { name: "chore worker killed", probe: "chore", inject: ({ choreWorkers: [first] }) => kill(first) },
  {
    name: "chore worker terminated",
    probe: "chore",
    inject: ({ choreWorkers: [, second] }) => second.kill("SIGTERM"),
  },
  {
    name: "every relay killed",
    probe: "chore",
    inject: ({ api, choreApi, mailWorker, choreWorkers }) => kill(api, choreApi, mailWorker, ...choreWorkers),
  },
  {
    name: "PostgreSQL restarted",
    probe: "chore",
    inject: async ({ postgres }, waitOutage) => {
      await postgres.stop();
      await waitOutage();
      await postgres.start();
    },
  },
  {
    name: "PostgreSQL crashed",
    probe: "chore",
    inject: async ({ postgres }) => {
      await postgres.crash();
      await postgres.start();
    },
  },
  mailOutage("mail refused", "refuse"),
  mailOutage("mail slow", "slow"),
  mailOutage("mail hangs", "hang"),
];

/** The chore probe covers the whole path from the request through the broker to the effect. */
const brokerFault = (name: string, inject: Fault["inject"]): Fault => ({ name, probe: "chore", inject });

const redisFaults = ({ url, crash, start, freeze, thaw }: Store): Fault[] => [
  brokerFault("Redis crashed", async (_, waitOutage) => {
    await crash();
    await waitOutage();
    await start();
  }),
  brokerFault("Redis frozen", async (_, waitOutage) => {
    freeze();
    await waitOutage();
    thaw();
  }),
  brokerFault("Redis emptied", () => flush(url)),
];

const killAndRestart = async (node: RedisServer, waitOutage: () => Promise<void>) => {
  await node.end("SIGKILL");
  await waitOutage();
  await node.start();
};

const clusterFaults = ({ url, nodes, nodeOf }: RedisCluster): Fault[] => [
  brokerFault("node with the queues killed", async (_, waitOutage) =>
    killAndRestart(await nodeOf(PREFIX), waitOutage),
  ),
  brokerFault("another node killed", async (_, waitOutage) => {
    const holder = await nodeOf(PREFIX);
    for (const node of nodes.filter((each) => each !== holder).slice(0, 1))
      await killAndRestart(node, waitOutage);
  }),
  brokerFault("node with the queues frozen", async (_, waitOutage) => {
    const node = await nodeOf(PREFIX);
    node.freeze();
    await waitOutage();
    node.thaw();
  }),
  brokerFault("cluster emptied", () => flush(url)),
];

const sentinelFaults = ({ url, master, inSync, promotedInsteadOf, demote }: WatchedRedis): Fault[] => {
  /** Disables the master and resolves with it when another server is the master. */
  const failOver = async (disable: (old: RedisServer) => Promise<void> | void) => {
    await inSync();
    const old = await master();
    await disable(old);
    await promotedInsteadOf(old);
    return old;
  };
  return [
    brokerFault("master killed", async (_, waitOutage) => {
      const old = await failOver((each) => each.end("SIGKILL"));
      await waitOutage();
      await old.start();
    }),
    brokerFault("master frozen", async (_, waitOutage) => {
      const old = await failOver((each) => each.freeze());
      await waitOutage();
      old.thaw();
    }),
    brokerFault("master demoted", async () => void (await failOver(demote))),
    brokerFault("Redis emptied", () => flush(url)),
  ];
};

const postgresFaults: Fault[] = [
  brokerFault("broker tables emptied", ({ sql }) => emptyTables(sql).then(() => {})),
  brokerFault("broker schema dropped", ({ sql }) => dropTables(sql)),
];

const brokerFaults = ({ kind, servers }: ChaosBroker): Fault[] => {
  if (kind === "redis") return redisFaults(servers);
  if (kind === "redis-cluster") return clusterFaults(servers);
  return kind === "redis-sentinel" ? sentinelFaults(servers) : postgresFaults;
};

const shuffle = (faults: readonly Fault[], random: () => number): Fault[] =>
  faults
    .map((fault) => ({ fault, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ fault }) => fault);

/** Repeats all faults in random order. Those of the broker come first, because a short run ends before all faults. */
export const generateFaults = function* ({ broker }: System, random: () => number): Generator<Fault, never> {
  for (;;) {
    yield* shuffle(brokerFaults(broker), random);
    yield* shuffle(commonFaults, random);
  }
};
