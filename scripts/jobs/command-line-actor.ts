import { userInfo } from "node:os";

/** Who runs a command: the operating system's user, if it has a name. */
export const commandLine = (): { program: string } => {
  try {
    return { program: `command line: ${userInfo().username}` };
  } catch {
    return { program: "command line" };
  }
};
