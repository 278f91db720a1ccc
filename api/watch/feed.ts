import type { Sql } from "../../workers/core/index.ts";
import { readLedger, type Since } from "./ledger-read.ts";
import { changedParts, createDescription, toParts, type Parts } from "./messages.ts";
import { Shown, type ShownChange } from "./shown.ts";

/** Characters of jobs that a viewer is sent per second, and at once. The first reading may have more. */
const PER_SECOND = 65_536;
const FIRST = 262_144;
/** Milliseconds after which a read looks at everything, even if no transaction has changed anything. */
const COMPLETE = 950;

/** What the viewers get of a reading. */
export interface Update {
  /** When it began, by `performance.now()`. */
  readonly began: number;
  readonly at: string;
  /** Everything but jobs, and what of it has changed. */
  readonly parts: Parts;
  readonly changed: Parts;
  readonly jobs: ShownChange;
  /** The JSON of all jobs that are shown. */
  readonly shown: () => readonly string[];
}

interface FeedDeps {
  sql: Sql;
  /** The ids of the jobs that viewers follow. */
  followed: () => readonly string[];
  /** What the ledger does not know. */
  facts: () => Record<string, unknown>;
}

/** What one series of reads knows: each continues from the one before. A failed read ends the series. */
export class Feed {
  readonly #deps: FeedDeps;
  readonly #shown = new Shown();
  readonly #describe = createDescription();
  #since: Since = { snapshot: null, at: null };
  #parts: Parts = {};
  #room = FIRST;
  #began = performance.now();
  #readAll = -Infinity;
  #at: string | null = null;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
  }

  /** PostgreSQL's time of the last read. */
  get at(): string | null {
    return this.#at;
  }

  async read(): Promise<Update> {
    const began = performance.now();
    const { sql, followed, facts } = this.#deps;
    const { at, snapshot, content } = await readLedger(sql, {
      since: this.#since,
      shown: this.#shown.ids,
      followed: followed(),
      // What time alone changes, such as a retry that is due, is looked for once a second.
      onlyIfChanged: began - this.#readAll < COMPLETE,
    });
    this.#at = new Date(at).toISOString();
    this.#refill(began);
    const jobs = content ? this.#shown.apply(content, this.#room) : { jobs: [], gone: [] };
    this.#room -= jobs.jobs.reduce((sum, { length }) => sum + length, 0);
    if (content) {
      this.#readAll = began;
      this.#since = { snapshot, at };
    }
    const parts = { ...this.#parts, ...(content && this.#describe(content)), ...toParts(facts()) };
    const changed = changedParts(parts, this.#parts);
    this.#parts = parts;
    return { began, at: this.#at, parts, changed, jobs, shown: () => this.#shown.texts };
  }

  #refill(began: number): void {
    const earned = ((began - this.#began) * PER_SECOND) / 1_000;
    this.#room = Math.max(this.#room, Math.min(PER_SECOND, this.#room + earned));
    this.#began = began;
  }
}
