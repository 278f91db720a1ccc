import type { ActionRow } from "../../infra/admin/actions.ts";
import type { Failures } from "../../infra/admin/failures.ts";
import type { Replay } from "../../infra/admin/replays.ts";
import type { Pause } from "../../workers/core/index.ts";
import { relative } from "./print.ts";

const print = (rows: string[][], none: string): void => {
  if (rows.length === 0) return console.log(none);
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lineOf = (row: string[]) => row.map((text, column) => text.padEnd(widths[column] ?? 0)).join("  ");
  for (const row of rows) console.log(lineOf(row).trimEnd());
};

export const printActions = (actions: ActionRow[]): void =>
  print(
    actions.map(({ at, userId, program, action, target, count }) => [
      ...[at.toISOString().slice(0, 19), userId ?? program ?? "", action],
      ...[count === null ? "" : String(count), JSON.stringify(target)],
    ]),
    "no actions",
  );

export const printFailures = (failures: Failures[]): void => {
  const totals = new Map<string, { name: string; kind: string; count: number }>();
  for (const { name, kind, count } of failures) {
    const key = `${name} ${kind}`;
    totals.set(key, { name, kind, count: (totals.get(key)?.count ?? 0) + count });
  }
  const sorted = [...totals.values()].toSorted((a, b) => b.count - a.count);
  print(
    sorted.map(({ name, kind, count }) => [String(count), name, kind]),
    "no failed jobs",
  );
};

export const printPauses = (pauses: Pause[]): void =>
  print(
    pauses.map(({ name, by, pausedAt }) => [name, `paused ${relative(pausedAt)}`, `by ${by}`]),
    "no queue is paused",
  );

export const printReplays = (replays: Replay[]): void =>
  print(
    replays.map(({ id, state, replayed, total, perMinute, filter }) => [
      ...[
        id,
        state.toLowerCase(),
        `${replayed} of ${total}`,
        `${perMinute} per minute`,
        JSON.stringify(filter),
      ],
    ]),
    "no replays",
  );
