import type { JobView } from "../../../api/watch/job-view.ts";
import type { Lane } from "../../../api/watch/lanes.ts";
import { until } from "../../../scripts/processes/until.ts";

export interface Message {
  at: string;
  server?: string;
  viewers?: number;
  behind?: boolean;
  since?: string;
  lanes?: Lane[];
  workers?: { id: string; alive: boolean }[];
  jobs?: JobView[];
  gone?: string[];
  dead?: {
    total: number;
    capped: boolean;
    kinds: { name: string; kind: string; error: string; count: number }[];
  };
  batches?: { name: string; total: number; open: number; dead: number; done: number }[];
  schedules?: { name: string; cadence: string }[];
  queues?: { name: string }[];
}

/** What a page knows from the stream: whole rows, replaced by a snapshot and merged from the rest. */
export interface Viewer {
  readonly jobs: ReadonlyMap<string, JobView>;
  /** The newest of each part. */
  readonly latest: Message;
  /** Kinds of the messages, in order, and what they said. */
  readonly received: readonly { kind: string; size: number; message: Message }[];
  readonly isOpen: boolean;
  /** Resolves with the first message from now on that fits. */
  next(kind: string, fits?: (message: Message) => boolean): Promise<Message>;
  cut(): void;
  [Symbol.dispose](): void;
}

/** Opens the stream of a process, and resolves when its first message is there. */
export const watch = async (url: string, follow: readonly string[] = []): Promise<Viewer> => {
  const aborting = new AbortController();
  const query = follow.length > 0 ? `?follow=${follow.join(",")}` : "";
  const response = await fetch(`${url}/watch/stream${query}`, { signal: aborting.signal });
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  const received: Viewer["received"][number][] = [];
  const jobs = new Map<string, JobView>();
  let latest: Message = { at: "" };
  let isOpen = true;

  const take = (event: string) => {
    const kind = /^event: (\w+)$/m.exec(event)?.[1];
    const data = /^data: (.*)$/m.exec(event)?.[1];
    if (!kind || !data) return;
    const message = JSON.parse(data) as Message;
    if (kind === "snapshot") jobs.clear();
    for (const job of message.jobs ?? []) jobs.set(job.id, job);
    for (const id of message.gone ?? []) jobs.delete(id);
    latest = { ...latest, ...message };
    received.push({ kind, size: data.length, message });
  };
  const read = async () => {
    let text = "";
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const events = (text + chunk).split("\n\n");
      text = events.pop() ?? "";
      events.forEach(take);
    }
  };
  // Cut by the test or by the server.
  const reading = read()
    .catch(() => {})
    .finally(() => (isOpen = false));

  await until("the first message", () => received.length > 0 || !isOpen);
  const viewer: Viewer = {
    jobs,
    received,
    get latest() {
      return latest;
    },
    get isOpen() {
      return isOpen;
    },
    next: (kind, fits = () => true) => {
      const from = received.length;
      return until(
        `a ${kind}`,
        () => received.slice(from).find((each) => each.kind === kind && fits(each.message))?.message,
      );
    },
    cut: () => aborting.abort(),
    [Symbol.dispose]: () => {
      aborting.abort();
      void reading;
    },
  };
  return viewer;
};
