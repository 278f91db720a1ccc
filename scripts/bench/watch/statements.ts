import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { LEDGER } from "../../../api/watch/ledger-sql.ts";

/** The name that the sessions of the API have in the log of the server. */
const APPLICATION = "watch";

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

export const endOf = async (log: string): Promise<number> => (await stat(log)).size;

/** The milliseconds of each read of the ledger for the live page, since the log had so many bytes. */
export const readsSince = async (log: string, start: number): Promise<number[]> => {
  const found: number[] = [];
  for await (const line of createInterface(createReadStream(log, { start }))) {
    const [, ms] = READ.exec(line) ?? [];
    if (ms !== undefined) found.push(Number(ms));
  }
  return found;
};

/** The first words of the reader's statement, which no other one has. */
const [first = ""] = LEDGER.split(" (SELECT");
const escaped = first.replaceAll(/[^\w ]/g, String.raw`\$&`);

/** Its execution, not its preparation, which is logged in the same way. */
const READ = new RegExp(String.raw`${APPLICATION} LOG:\s+duration: ([\d.]+) ms\s+execute [^:]+: ${escaped}`);
