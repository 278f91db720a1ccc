import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";

/** A URL whose sessions write the duration of each of their statements into the server's log, under a name. */
export const logged = (url: string, application: string): string => {
  const parameters = {
    application_name: application,
    options: "-c log_min_duration_statement=0 -c log_parameter_max_length=0",
  };
  const result = new URL(url);
  for (const [name, value] of Object.entries(parameters)) result.searchParams.set(name, value);
  return result.href;
};

export interface Statement {
  ms: number;
  /** The step and the SQL in one line: "execute <unnamed>: SELECT 1". Preparations are logged, too. */
  text: string;
}

export const endOf = async (log: string): Promise<number> => (await stat(log)).size;

/**
 * The statements of the sessions with a name since the log had so many bytes. The server writes each one when it ends,
 * with the time that it has waited for locks and the disk, so none is missed.
 */
export async function* statementsSince(
  log: string,
  start: number,
  application: string,
): AsyncGenerator<Statement> {
  const duration = new RegExp(String.raw`${application} LOG:\s+duration: ([\d.]+) ms\s*(.*)`);
  let last: Statement | undefined;
  for await (const line of createInterface(createReadStream(log, { start }))) {
    const [, ms, text = ""] = duration.exec(line) ?? [];
    if (last && line.startsWith("\t")) last.text += ` ${line.trim()}`;
    else if (last) {
      yield last;
      last = undefined;
    }
    if (ms !== undefined) last = { ms: Number(ms), text };
  }
  if (last) yield last;
}
