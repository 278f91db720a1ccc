import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";

/** The name that the sessions of the worker process have in the server's log. */
const APPLICATION = "deletion";

/** A URL whose sessions write the duration of each of their statements into the server's log. */
export const logged = (url: string): string => {
  const parameters = {
    application_name: APPLICATION,
    options: "-c log_min_duration_statement=0 -c log_parameter_max_length=0",
  };
  const result = new URL(url);
  for (const [name, value] of Object.entries(parameters)) result.searchParams.set(name, value);
  return result.href;
};

export interface Statement {
  ms: number;
  text: string;
}

export const endOf = async (log: string): Promise<number> => (await stat(log)).size;

/**
 * How many statements the worker process has run since the log had so many bytes, and the longest of them. The server
 * writes each one when it ends, with the time that it has waited for locks and the disk, so none is missed.
 */
export const readStatements = async (
  log: string,
  start: number,
): Promise<{ count: number; longest: readonly Statement[] }> => {
  let count = 0;
  let longest: Statement[] = [];
  let last: Statement | undefined;
  for await (const line of createInterface(createReadStream(log, { start }))) {
    const [, ms, text = ""] = DURATION.exec(line) ?? [];
    if (ms !== undefined) {
      count++;
      last = { ms: Number(ms), text };
      longest = [...longest, last].toSorted((a, b) => b.ms - a.ms).slice(0, LONGEST);
    } else if (last && line.startsWith("\t")) last.text += ` ${line.trim()}`;
  }
  return { count, longest };
};

const LONGEST = 5;
const DURATION = new RegExp(`${APPLICATION} LOG:\\s+duration: ([\\d.]+) ms\\s*(.*)`);
