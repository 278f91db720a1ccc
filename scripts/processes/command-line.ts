import { parseArgs, type ParseArgsConfig } from "node:util";

/** Parses the arguments of a script. Prints an unknown one and `help`, and exits with 2. */
export const parseArgsOrExit = <Config extends ParseArgsConfig>(config: Config, help: string) => {
  try {
    return parseArgs(config);
  } catch (error) {
    console.error(`${(error as Error).message.split(". ")[0]}.\n${help}`);
    process.exit(2);
  }
};
