import { loadConfigOrExit } from "../infra/config.ts";
import { closeOnSignal } from "../infra/lifecycle.ts";
import { createLogger } from "../infra/logging.ts";
import { createSandbox } from "./sandbox.ts";

const config = loadConfigOrExit("sandbox");
const log = createLogger("sandbox", config.logLevel);
const { smtpPort, httpPort, close } = await createSandbox({
  host: config.host,
  smtpPort: config.sandboxSmtpPort,
  httpPort: config.sandboxHttpPort,
});
log.info({ host: config.host, smtpPort, httpPort }, "listening");
closeOnSignal(log, close);
