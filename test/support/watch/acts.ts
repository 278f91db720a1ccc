/** The modules of Act, Break and Tour that need no browser, with types. */
interface Person {
  name: string;
  place?: string | undefined;
  email: string;
  password: string;
  stage?: string;
}

interface Answer {
  ok: boolean;
  status: number;
  ms: number;
  body?: unknown;
  retryAfter?: number;
}

export interface Books {
  jobs: { done: number; dead: number; cancelled: number; open: number; total: number };
  names: Record<string, { done: number }>;
  mails: { received: number; distinct: number; repeated: number } | null;
}

interface Judgement {
  outcome: number | undefined;
  text: string;
}

interface Step {
  name: string;
  title: string;
  question: string;
  predict: string[];
  look: string;
  why: string;
  source: string[];
  check(evidence: unknown): Judgement;
}

const load = async <Module>(file: string): Promise<Module> =>
  (await import(new URL(`../../../api/watch/public/${file}`, import.meta.url).href)) as Module;

export const { inventPerson } = await load<{ inventPerson(random?: (below: number) => number): Person }>(
  "people.js",
);

export const { tokenIn, newestWith } = await load<{
  tokenIn(mail: { text: string }, page: string): string | undefined;
  newestWith<Mail extends { text: string }>(mails: Mail[], page: string): Mail | undefined;
}>("mail-links.js");

export const { createRequests, curlOf, lineOf } = await load<{
  createRequests(
    context: unknown,
  ): (method: string, path: string, body?: unknown, options?: object) => Promise<Answer>;
  curlOf(request: { method: string; path: string; body?: unknown; headers?: object }, origin: string): string;
  lineOf(request: { method: string; path: string }, answer: { status: number; ms: number }): string;
}>("requests.js");

export const { explain, Refused } = await load<{
  explain(answer: Partial<Answer>, path: string): string;
  Refused: new (sentence: string, answer?: Partial<Answer>) => Error;
}>("refusals.js");

export const { createPerson, hasReached } = await load<{
  createPerson(storage: Pick<Storage, "getItem" | "setItem">): {
    get(): Person;
    change(changes: object): Person;
    replace(chosen?: object): Person;
  };
  hasReached(person: { stage: string }, stage: string): boolean;
}>("person.js");

export const { createProgress } = await load<{
  createProgress(storage: Pick<Storage, "getItem" | "setItem">): {
    last(): string | undefined;
    of(name: string): { chosen?: number; done?: Judgement };
    isDone(name: string): boolean;
    visit(name: string): void;
    record(name: string, changes: object): void;
    broken: { all(): object[]; note(what: object): void; forget(what: object): void };
  };
}>("progress.js");

export const { createAccounts, missingSteps } = await load<{
  createAccounts(
    context: unknown,
    request: (method: string, path: string, body?: unknown) => Promise<unknown>,
    person: unknown,
  ): { withSession<Result>(work: () => Promise<Result>): Promise<Result> };
  missingSteps(person: { stage: string }): string[];
}>("accounts.js");

export const { verdictOf, isSettled } = await load<{
  verdictOf(books: Books, accepted?: number): { lost: number; repeated: number; open: number; text: string };
  isSettled(books: Books | undefined): boolean;
}>("verdict.js");

export const { brokenIn, foreseen, MODES, PROVIDERS, truthAfterKill } = await load<{
  brokenIn(breaks: object): { name: string; label: string }[];
  foreseen(provider: Record<string, string>, mode: string): string;
  MODES: [string, string][];
  PROVIDERS: Record<string, string>[];
  truthAfterKill(answer: { status: number }, jobs: { phase: string }[] | undefined): string;
}>("breakages.js");

export const { comparison } = await load<{
  comparison(step: { predict: string[] }, chosen: number | undefined, done: Judgement): string;
}>("comparison.js");

export const { STEPS } = await load<{ STEPS: Step[] }>("steps.js");

export const stepNamed = (name: string): Step => {
  const step = STEPS.find((each) => each.name === name);
  if (!step) throw new Error(`no step ${name}`);
  return step;
};

export const { waitFor } = await load<{
  waitFor<Found>(
    model: { subscribe(listener: () => void): () => void },
    find: () => Found | undefined | Promise<Found | undefined>,
    options?: { ms?: number; signal?: AbortSignal },
  ): Promise<Found | undefined>;
}>("wait.js");

/** A Storage in memory. */
export const createStorage = (content: Record<string, string> = {}) => ({
  getItem: (key: string) => content[key] ?? null,
  setItem: (key: string, value: string) => void (content[key] = value),
});
