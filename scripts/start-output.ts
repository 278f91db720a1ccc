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
    say(speaker, line.startsWith("{") ? prettify(line) : line),
  );
};

const prettify = pretty.prettyFactory({
  colorize: styleText("red", "x") !== "x",
  singleLine: true,
  translateTime: "SYS:HH:MM:ss.l",
  ignore: "pid,hostname,process",
});
