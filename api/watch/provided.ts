import { Router } from "express";
import { INERT_HTML } from "../../infra/inert-html.ts";
import type { Safety } from "./safety.ts";
import type { SandboxClient } from "./sandbox-client.ts";

interface ProvidedDeps {
  readonly safety: Safety;
  readonly sandbox: SandboxClient;
}

/** What the sandbox's providers have received: mails and pushes, passed on so that the page needs one origin only. */
export const provided = ({ safety, sandbox }: ProvidedDeps): Router => {
  const router = Router({ caseSensitive: true });
  router.use((_request, response, next) => {
    response.set("Cache-Control", "no-store");
    next();
  });
  router.get("/inbox", async (request, response) => {
    safety.requireOwnScript(request);
    const { to } = request.query;
    const search = new URLSearchParams({ search: typeof to === "string" ? to : "" });
    response.json(await sandbox.json(`/inbox/messages?${search.toString()}`));
  });
  router.get("/inbox/:id", async (request, response) => {
    safety.requireOwnScript(request);
    response.json(await sandbox.json(`/inbox/messages/${encodeURIComponent(request.params.id)}`));
  });
  // A frame navigates to it, so it cannot send a header of its own.
  router.get("/inbox/:id/html", async (request, response) => {
    safety.requireOwnPage(request);
    const html = await sandbox.text(`/inbox/messages/${encodeURIComponent(request.params.id)}/html`);
    response.set("Content-Security-Policy", INERT_HTML).type("html").send(html);
  });
  router.get("/phones", async (request, response) => {
    safety.requireOwnScript(request);
    response.json(await sandbox.json("/api/phones"));
  });
  return router;
};
