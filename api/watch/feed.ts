import type { Sql } from "../../workers/core/index.ts";
import { readLedger, type Since } from "./ledger-read.ts";
import { changedParts, createDescription, toParts, type Parts } from "./messages.ts";
import { Shown, type ShownChange } from "./shown.ts";

/** Characters that a viewer is sent per second, and at once, followed jobs aside. The first reading may have more. */
const PER_SECOND = 60_000;
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
  #followed = "";

  constructor(deps: FeedDeps) {
    this.#deps = deps;
  }

  /** PostgreSQL's time of the last read. */
  get at(): string | null {
    return this.#at;
  }

  async read(): Promise<Update> {
    const began = performance.now();
    const { sql, facts } = this.#deps;
    const followed = this.#deps.followed();
    const { at, snapshot, content } = await readLedger(sql, {
      since: this.#since,
      shown: this.#shown.ids,
      followed,
      // What time alone changes, such as a retry that is due, is looked for once a second.
      onlyIfChanged: began - this.#readAll < COMPLETE && followed.join() === this.#followed,
    });
    this.#at = new Date(at).toISOString();
    this.#followed = followed.join();
    const jobs = content ? this.#shown.apply(content, this.#room) : { jobs: [], gone: [] };
    if (content) {
      this.#readAll = began;
      this.#since = { snapshot, at };
    }
    const parts = { ...this.#parts, ...(content && this.#describe(content)), ...toParts(facts()) };
    const changed = changedParts(parts, this.#parts);
    this.#parts = parts;
    this.#spend(began, [...jobs.jobs, ...Object.values(changed)]);
    return { began, at: this.#at, parts, changed, jobs, shown: () => this.#shown.texts };
  }

  /** Takes what is sent from the room for the next reading, and adds what has been earned since the last one. */
  #spend(began: number, texts: readonly string[]): void {
    const earned = ((began - this.#began) * PER_SECOND) / 1_000;
    const spent = texts.reduce((sum, { length }) => sum + length, 0);
    this.#room = Math.min(PER_SECOND, Math.max(0, this.#room - spent) + earned);
    this.#began = began;
  }
}
