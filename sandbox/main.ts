import { loadConfigOrExit } from "../infra/config.ts";
import { closeOnSignal } from "../infra/lifecycle.ts";
import { createLogger } from "../infra/logging.ts";
import { createSandbox } from "./sandbox.ts";

const config = loadConfigOrExit("sandbox");
const log = createLogger("sandbox", config.logLevel);

const explain = (error: NodeJS.ErrnoException & { port?: number }): never => {
  const variable = error.port === config.sandboxSmtpPort ? "SANDBOX_SMTP_PORT" : "SANDBOX_HTTP_PORT";
  const problem =
    error.port === undefined
      ? `cannot listen on ${config.host}: set HOST to an address of this machine`
      : `cannot listen on port ${error.port}: is it taken? Set ${variable} to another one`;
  log.fatal({ err: error }, problem);
  process.exit(1);
};

const { smtpPort, httpPort, close } = await createSandbox({
  host: config.host,
  smtpPort: config.sandboxSmtpPort,
  httpPort: config.sandboxHttpPort,
}).catch(explain);
log.info({ host: config.host, smtpPort, httpPort }, "listening");
closeOnSignal(log, close);
