/** The modules of the live page that need no browser, with types. */
import type { Phase } from "../../../workers/core/phase.ts";

export interface Entry {
  startedAt: string | null;
  endedAt: string;
  by?: string | null;
  outcome: "retry" | "failed" | "crashed" | "lost" | "replayed" | "released" | "limited";
  kind?: string;
  error?: string | null;
  retryAt?: string | null;
  count?: number;
}

/** A job as the stream sends it. */
export interface JobView {
  id: string;
  name: string;
  phase: Phase;
  state: "WAITING" | "PENDING" | "PUBLISHED" | "COMPLETED" | "FAILED" | "CANCELLED";
  epoch: number;
  attempt: number;
  crashes: number;
  priority: number;
  publishTries: number;
  createdAt: string;
  dueAt: string;
  readyAt: string;
  publishedAt: string | null;
  startedAt: string | null;
  startedBy: string | null;
  finishedAt: string | null;
  retryAt: string | null;
  progress: unknown;
  rootId: string | null;
  parentId: string | null;
  onFailure: string | null;
  batchId: string | null;
  orderKey: string | null;
  key: string | null;
  requestId: string | null;
  causeId: string | null;
  payload: unknown;
  openChildren: number;
  children: number;
  history: Entry[];
  earlier: number;
  result: unknown;
  error: string | null;
}

export interface Sentence {
  kind: string;
  at: number | undefined;
  text: string;
  why: string;
  source: string;
  concept: string;
}

export interface Part {
  kind: string;
  from: number;
  to: number;
  attempt?: number;
  outcome?: string;
}

export interface Bar extends Part {
  x: number;
  width: number;
  isFolded: boolean;
}

export interface PageModel {
  now(): number;
  jobs: Map<string, JobView>;
  queues: Map<string, unknown>;
  lanes: { name: string; queued: number }[];
  workers: { id: string; seenAt: string; alive: boolean; about: unknown }[];
  breaks: { paused: string[]; brokerEmptiedAt: string | null };
}

const load = async <Module>(file: string): Promise<Module> =>
  (await import(new URL(`../../../api/watch/public/${file}`, import.meta.url).href)) as Module;

export const { explain } = await load<{
  explain(before: JobView | undefined, after: JobView, context: { model: PageModel }): Sentence[];
}>("explain.js");

export const { why } = await load<{
  why(job: JobView, context: { model: PageModel }): { text: string; until?: number } | undefined;
}>("why.js");

/** The start of all times in these tests. */
export const START = Date.parse("2026-11-28T12:00:00.000Z");

/** The time so many ms after the start. */
export const after = (ms: number): string => new Date(START + ms).toISOString();

export const ids = {
  job: "0193a000-0000-7000-8000-00000000f3a1",
  worker: "host-4123-a1b2c3",
  other: "host-4124-d4e5f6",
};

/** A mail's job that has just been committed. */
export const jobView = (facts: Partial<JobView> = {}): JobView => ({
  ...{ id: ids.job, name: "email", phase: "committed", state: "PENDING", epoch: 1, attempt: 0, crashes: 0 },
  ...{ priority: 0, publishTries: 0, createdAt: after(0), dueAt: after(0), readyAt: after(0) },
  ...{ publishedAt: null, startedAt: null, startedBy: null, finishedAt: null, retryAt: null, progress: null },
  ...{ rootId: null, parentId: null, onFailure: null, batchId: null, orderKey: null, key: null },
  ...{ requestId: "watch-1", causeId: null, payload: { template: "verification" } },
  ...{ openChildren: 0, children: 0, history: [], earlier: 0, result: null, error: null },
  ...facts,
});

/** What the page knows, `ms` after the start. */
export const pageModel = (ms: number, facts: Partial<PageModel> = {}): PageModel => ({
  now: () => START + ms,
  jobs: new Map(),
  queues: new Map([
    [
      "email",
      {
        ...{ name: "email", attempts: 90, crashes: 3, concurrency: 10, timeout: 60_000 },
        ...{ rateLimit: { max: 14, per: 1_000 }, backoff: { delay: 1_000, max: 600_000, jitter: 0.5 } },
      },
    ],
  ]),
  lanes: [{ name: "email", queued: 1 }],
  workers: [
    {
      id: ids.worker,
      seenAt: after(ms - 1_000),
      alive: true,
      about: { queues: { email: { slots: 10, running: 2 } } },
    },
  ],
  breaks: { paused: [], brokerEmptiedAt: null },
  ...facts,
});

export interface TreeNode {
  job?: JobView;
  /** Folded siblings, and all of them. */
  group?: JobView[];
  all?: JobView[];
  children: TreeNode[];
}

interface Placed {
  node: TreeNode;
  column: number;
  row: number;
}

export interface Tree {
  root: TreeNode;
  follows: Tree[];
}

interface Frame extends Sentence {
  station: string;
  start: number;
  end: number;
}

export const { layoutTimeline, placeOf } = await load<{
  layoutTimeline(
    job: JobView,
    options: { now: number; unfolded?: Set<number> },
  ): { from: number; to: number; bars: Bar[]; marks: { epoch: number; at: number; x: number }[] };
  placeOf(bars: Bar[], at: number): number;
}>("timeline-layout.js");

export const { forestOf, countsOf, layoutForest, isSkipped } = await load<{
  forestOf(jobs: JobView[]): Tree[];
  countsOf(jobs: JobView[]): string;
  layoutForest(trees: Tree[]): {
    nodes: Placed[];
    edges: { kind: string; from: Placed; to: Placed; onFailure?: string }[];
    columns: number;
    rows: number;
  };
  isSkipped(job: JobView): boolean;
}>("tree-layout.js");

export const { framesOf, frameAt } = await load<{
  framesOf(job: JobView, context: { model: PageModel }): Frame[];
  frameAt(frames: Frame[], position: number): { index: number; frame: Frame; at: number };
}>("replay-frames.js");

interface Line {
  at: number;
  text: string;
  kind?: string;
  why?: string;
  source?: string;
  mine?: boolean;
  isMerged?: boolean;
}

export interface Lines {
  all(): Line[];
  add(line: Line): Line;
  apply(change: { kind: string; jobs: { before?: JobView; after: JobView }[] }): Line[];
}

export const { createLines, changesOf, markdownOf } = await load<{
  createLines(model: PageModel & { mine: Set<string>; isMine(job: JobView): boolean }): Lines;
  changesOf(before: JobView, after: JobView): { column: string; from: string; to: string }[];
  markdownOf(lines: Line[], clock: (at: number) => string): string;
}>("story-lines.js");

interface JobDataDeps {
  model: {
    jobs: Map<string, JobView>;
    subscribe(listener: (change: { jobs: { after: JobView }[] }) => void): void;
  };
  later(work: () => unknown, ms: number): unknown;
  load(id: string): Promise<object>;
}

export const { createJobData } = await load<{
  createJobData(
    deps: JobDataDeps,
    onChange: (facts: { job?: JobView; problem?: string }) => void,
  ): { select(id: string | undefined): void };
}>("job-data.js");

export const { linksIn } = await load<{
  linksIn(mail: { text: string }): { href: string; page: string; token: string; label: string }[];
}>("results-data.js");
