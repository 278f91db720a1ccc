import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { styleText } from "node:util";
import pretty from "pino-pretty";

const colours = {
  postgres: "magenta",
  sandbox: "yellow",
  api: "cyan",
  worker: "green",
  offstage: "bold",
} as const;

/** A program of the system. There may be several workers. */
export type ProgramName = keyof typeof colours | `worker-${number}`;

// The reader may close the pipe (a closed terminal, `| head`). The orderly shutdown continues.
process.stdout.on("error", () => {});

/** Prints each line under the name of its program. */
export const print = (program: ProgramName, text: string): void => {
  const colour = colours[program.split("-")[0] as keyof typeof colours];
  const name = styleText(colour, program.padStart(8));
  for (const line of text.trimEnd().split("\n")) process.stdout.write(`${name} │ ${line}\n`);
};

/** Prints the output of a program: JSON log lines in readable form, other lines unchanged. `onLine` gets each line. */
export const printOutput = (program: ProgramName, output: Readable, onLine: (line: string) => void): void => {
  createInterface({ input: output }).on("line", (line) => {
    const readable = line.startsWith("{") ? prettify(shorten(line)).trimEnd() : line;
    onLine(readable);
    print(program, readable);
  });
};

/** Shortens frequent log lines, of requests and of job runs, to one sentence. A refused request keeps its id. */
export const shorten = (line: string): object | string => {
  const fields = parse(line);
  if (fields?.msg === "job") {
    const {
      msg: _,
      job,
      id,
      attempt,
      ms,
      outcome,
      kind: _kind,
      waitMs: _waitMs,
      delay,
      error,
      ...rest
    } = fields;
    const again = delay ? `, again in ${delay} ms` : "";
    const reason = error ? `: ${error}` : "";
    return { ...rest, msg: `${job} ${id} attempt ${attempt}: ${outcome} in ${ms} ms${again}${reason}` };
  }
  if (fields?.req && fields.res) {
    const { msg, req, res, responseTime, ...rest } = fields;
    const aborted = msg === "request aborted" ? " aborted" : "";
    return {
      ...rest,
      ...(res.statusCode >= 400 && { id: req.id }),
      msg: `${req.method} ${req.path} ${res.statusCode}${aborted} in ${responseTime} ms`,
    };
  }
  return fields ?? line;
};

interface Fields {
  msg?: string;
  job?: string;
  id?: string;
  attempt?: number;
  ms?: number;
  outcome?: string;
  kind?: string;
  waitMs?: number;
  delay?: number;
  error?: string;
  req?: { id: string; method: string; path: string };
  res?: { statusCode: number };
  responseTime?: number;
}

const parse = (line: string): Fields | undefined => {
  try {
    return JSON.parse(line) as Fields;
  } catch {
    return undefined;
  }
};

const prettify = pretty.prettyFactory({
  colorize: styleText("red", "x") !== "x",
  singleLine: true,
  translateTime: "SYS:HH:MM:ss.l",
  ignore: "pid,hostname,process",
});
