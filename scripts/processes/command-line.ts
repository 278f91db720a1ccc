import { parseArgs, type ParseArgsConfig } from "node:util";

/** What a script was called with. Where it does not know that, it says so, then `help`, and exits with 2. */
export const parseArgsOrExit = <Config extends ParseArgsConfig>(config: Config, help: string) => {
  try {
    return parseArgs(config);
  } catch (error) {
    console.error(`${(error as Error).message.split(". ")[0]}.\n${help}`);
    process.exit(2);
  }
};
