import type { Content, WorkerJson } from "./ledger-read.ts";
import { COUNTED } from "./ledger-sql.ts";

const PHASES = ["scheduled", "committed", "queued", "running", "again", "children", "turn"] as const;

/** A queue in numbers. */
export interface Lane extends Record<(typeof PHASES)[number], number> {
  name: string;
  /** In the dead letter. */
  dead: number;
  /** Whether there may be more than were counted. */
  capped: boolean;
  /** Completed by the known worker processes since their start. */
  done: number;
  perSecond: number;
}

/** What a worker process had completed when it was seen last, by queue, and how fast it was before. */
interface Beat {
  at: number;
  completed: Record<string, number>;
  perSecond: Record<string, number>;
}

/** Counts the jobs of each queue. Rates are those between the last two heartbeats of each worker process. */
export const createLanes = () => {
  let beats = new Map<string, Beat>();

  return (content: Content): Lane[] => {
    const { groups, dead, workers } = content;
    beats = new Map(workers.map((worker) => [worker.id, nextBeat(worker, beats.get(worker.id))]));
    const living = workers.filter(({ alive }) => alive);
    const names = new Set([
      ...[...groups, ...dead].map(({ name }) => name),
      ...living.flatMap(({ about }) => Object.keys(about?.queues ?? {})),
    ]);
    const full = fullParts(content);
    return [...names].toSorted().map((name) => {
      const own = groups.filter((group) => group.name === name);
      return {
        name,
        ...countPhases(own),
        dead: dead.find((each) => each.name === name)?.n ?? 0,
        capped: own.some(({ part }) => full.has(part)) || full.has("dead"),
        done: sum(workers.map(({ about }) => about?.queues[name]?.completed ?? 0)),
        perSecond: round(sum(living.map(({ id }) => beats.get(id)?.perSecond[name] ?? 0))),
      };
    });
  };
};

const nextBeat = ({ seenAt, about }: WorkerJson, last: Beat | undefined): Beat => {
  const at = Date.parse(seenAt);
  if (last?.at === at) return last;
  const queues = Object.entries(about?.queues ?? {});
  const completed = Object.fromEntries(queues.map(([name, tally]) => [name, tally.completed]));
  const rateOf = (name: string) =>
    last ? ((completed[name] ?? 0) - (last.completed[name] ?? 0)) / ((at - last.at) / 1_000) : 0;
  return { at, completed, perSecond: Object.fromEntries(queues.map(([name]) => [name, rateOf(name)])) };
};

/** The states of which there are more jobs than were counted. */
const fullParts = ({ groups, dead }: Content): Set<string> => {
  const totals = new Map<string, number>([["dead", sum(dead.map(({ n }) => n))]]);
  for (const { part, n } of groups) totals.set(part, (totals.get(part) ?? 0) + n);
  return new Set([...totals].flatMap(([part, n]) => (n > COUNTED ? [part] : [])));
};

const countPhases = (groups: Content["groups"]) => {
  const countOf = (phase: string) => sum(groups.filter((group) => group.phase === phase).map(({ n }) => n));
  return Object.fromEntries(PHASES.map((phase) => [phase, countOf(phase)])) as Pick<
    Lane,
    (typeof PHASES)[number]
  >;
};

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
const round = (rate: number) => Math.round(rate * 10) / 10;
