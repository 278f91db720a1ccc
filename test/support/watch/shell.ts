/** The modules of the live page's shell that need no browser, with types. */
import type { JobView } from "./page.ts";

export interface Change {
  kind: string;
  jobs: { before?: JobView; after: JobView }[];
  gone: JobView[];
  lanes?: boolean;
  followed?: string[];
}

/** A message of the stream: every key is optional. */
export interface Message {
  at: string;
  since?: string;
  behind?: boolean;
  jobs?: JobView[];
  gone?: string[];
  lanes?: { name: string; queued?: number }[];
  queues?: { name: string; attempts: number }[];
  workers?: { id: string; startedAt: string; alive: boolean }[];
}

interface Model {
  jobs: Map<string, JobView>;
  queues: Map<string, { attempts: number }>;
  lanes: unknown[];
  workers: unknown[];
  mine: Set<string>;
  state: string;
  staleSince: number | undefined;
  paused: boolean;
  now(): number;
  own(): string[];
  isMine(job: JobView): boolean;
  workerName(id: string): string;
  follow(ids: string[]): void;
  apply(kind: string, message: Message): void;
  setState(state: string): void;
  subscribe(listener: (change: Change) => void): () => void;
  pause(): void;
  resume(): void;
  waiting(): number;
}

interface Playback {
  push(change: { before?: JobView | undefined; after: JobView }, isMine: boolean, now: number): void;
  shown(id: string): string | undefined;
  forget(id: string): void;
  isPending(): boolean;
  advance(now: number): string[];
  lag(now: number): number;
}

interface Counts {
  done: number;
  dead: number;
  cancelled: number;
  open: number;
  total: number;
}

const load = async <Module>(file: string): Promise<Module> =>
  (await import(new URL(`../../../api/watch/public/${file}`, import.meta.url).href)) as Module;

export const { createModel } = await load<{
  createModel(options?: { own?: string[]; save?: (ids: string[]) => void; elapsed?: () => number }): Model;
}>("model.js");

export const { createPlayback, stepsBetween } = await load<{
  createPlayback(): Playback;
  stepsBetween(before: JobView | undefined, after: JobView): string[];
}>("playback.js");

export const { createAnnouncer } = await load<{
  createAnnouncer(
    write: (text: string) => void,
    time: { now: () => number; later: (work: () => void, ms: number) => void },
  ): (text: string) => void;
}>("announce.js");

export const { describeBalance } = await load<{
  describeBalance(accepted: number, counts: Counts): { lost: number; text: string };
}>("balance.js");

export const { listBroken } = await load<{
  listBroken(facts: { breaks: object; workers: { alive: boolean }[] }): string[];
}>("broken.js");

export const { countAt, describeJob, openIn, stationOf, STATIONS } = await load<{
  STATIONS: { name: string; phases: string[] }[];
  stationOf(phase: string): string | undefined;
  countAt(lane: object, station: { name: string; phases: string[] }): number;
  openIn(lane: object): number;
  describeJob(job: JobView, phase: string, model: Model): string;
}>("phases.js");
