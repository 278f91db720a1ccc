import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { styleText } from "node:util";
import pretty from "pino-pretty";

const colours = {
  postgres: "magenta",
  sandbox: "yellow",
  api: "cyan",
  workers: "green",
  offstage: "bold",
} as const;

export type Speaker = keyof typeof colours;

process.stdout.on("error", () => {}); // The reader may leave (a closed terminal, `| head`); stopping in order goes on.

/** Prints each line under the name of who said it. */
export const say = (speaker: Speaker, text: string): void => {
  const name = styleText(colours[speaker], speaker.padStart(8));
  for (const line of text.trimEnd().split("\n")) process.stdout.write(`${name} │ ${line}\n`);
};

/** Prints what a process writes: its JSON log lines for people, everything else as it is. */
export const relay = (speaker: Speaker, output: Readable): void => {
  createInterface({ input: output }).on("line", (line) =>
    say(speaker, line.startsWith("{") ? prettify(shorten(line)) : line),
  );
};

/** Says requests and runs of jobs, which come by the hundred, in a sentence. A refused request keeps its id. */
export const shorten = (line: string): object | string => {
  const fields = parse(line);
  if (fields?.msg === "job") {
    const { msg: _, job, id, attempt, ms, outcome, delay, error, ...rest } = fields;
    const again = delay ? `, again in ${delay} ms` : "";
    const why = error ? `: ${error}` : "";
    return { ...rest, msg: `${job} ${id} attempt ${attempt}: ${outcome} in ${ms} ms${again}${why}` };
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
