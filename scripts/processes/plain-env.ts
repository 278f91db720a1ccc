import { variables } from "../../infra/config.ts";

/** They depend on the machine, like PATH. */
const ofTheMachine = new Set(["FFMPEG_PATH", "FFPROBE_PATH"]);

/**
 * Every variable of the project, empty: processes that are measured, tested or killed must not use the settings of a
 * developer's `.env`, which these override.
 */
export const plainEnv: Readonly<Record<string, string>> = Object.fromEntries(
  Object.values(variables)
    .filter(([name]) => !ofTheMachine.has(name))
    .map(([name]) => [name, ""]),
);
