import type { Content } from "./ledger-read.ts";
import { WHY } from "./ledger-read.ts";
import { clippedView } from "./job-view.ts";

/** Jobs that stay shown for no other reason than that they are shown. */
const LINGERING = 150;

/** What changes for a viewer: the JSON of whole jobs, and the ids that are no longer shown. */
export interface ShownChange {
  jobs: string[];
  gone: string[];
}

type Row = Content["jobs"][number];

/**
 * The jobs that the viewers of this process see. What is shown stays until it ends, so that nothing jumps while it is
 * watched. Completed jobs are then forgotten, and not reported as gone: the viewers have their last state.
 */
export class Shown {
  readonly #jobs = new Map<string, { text: string; state: string }>();

  /** In the order in which they were first shown. */
  get ids(): string[] {
    return [...this.#jobs.keys()];
  }

  /** The JSON of each. */
  get texts(): string[] {
    return [...this.#jobs.values()].map(({ text }) => text);
  }

  /**
   * Takes a reading that was made with `ids`. At most `budget` characters of jobs are added or changed: if a
   * change does not fit, its job is gone; if a new job does not fit, it is not shown yet. Followed jobs always
   * fit.
   */
  apply({ reasons, jobs }: Content, budget: number): ShownChange {
    const before = this.ids;
    const gone = before.filter((_id, place) => reasons[place] === null);
    const added: string[] = [];
    let room = budget;
    for (const row of jobs.toSorted((one, other) => this.#urgency(one) - this.#urgency(other))) {
      const { why, ...job } = row;
      const text = JSON.stringify(clippedView(job));
      if (this.#jobs.get(row.id)?.text === text) continue;
      if (text.length <= room || why & WHY.followed) {
        this.#jobs.set(row.id, { text, state: row.state });
        added.push(text);
        room -= text.length;
      } else if (this.#jobs.has(row.id)) gone.push(row.id);
    }

    const lingering = before.filter((_id, place) => reasons[place] === 0);
    const completed = lingering.filter((id) => this.#jobs.get(id)?.state === "COMPLETED");
    gone.push(...lingering.filter((id) => !completed.includes(id)).slice(0, -LINGERING));
    for (const id of [...completed, ...gone]) this.#jobs.delete(id);
    return { jobs: added, gone };
  }

  clear(): void {
    this.#jobs.clear();
  }

  /** Followed jobs come first, then changes of what is shown, then the rest. */
  #urgency({ id, why }: Row): number {
    if (why & WHY.followed) return 0;
    return this.#jobs.has(id) ? 1 : 2;
  }
}
