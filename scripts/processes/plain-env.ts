import { variables } from "../../infra/config.ts";

/** Of the machine, like PATH: where its programs are. */
const ofTheMachine = new Set(["FFMPEG_PATH", "FFPROBE_PATH"]);

/**
 * Every variable of the project, unset: for processes that are measured, tested or killed, and must neither depend on
 * a user's `.env`, which yields to these, nor reach what it names.
 */
export const plainEnv: Readonly<Record<string, string>> = Object.fromEntries(
  Object.values(variables)
    .filter(([name]) => !ofTheMachine.has(name))
    .map(([name]) => [name, ""]),
);
