import { EventEmitter, once } from "node:events";
import { watch } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import express from "express";
import { createRenderer, type RenderedMail } from "../../infra/templates.ts";
import { compileTemplates } from "../templates.ts";
import { samples } from "./samples.ts";

type Scheme = "light" | "dark";

interface Preview {
  url: string;
  close(): Promise<void>;
}

const root = join(import.meta.dirname, "../..");
const templates = join(root, "templates");

/** Milliseconds to wait for more changes: an editor may write several files at once. */
const CALM = 100;

/** Serves every mail template with sample data to this machine only, and notifies the page when one has changed. */
export const startPreview = async (port: number): Promise<Preview> => {
  const changes = new EventEmitter<{ change: [] }>().setMaxListeners(0);
  const render = (name: string): RenderedMail =>
    createRenderer(join(templates, "compiled"))(name, {
      name: "Ada Lovelace",
      ...samples[name as keyof typeof samples],
    });
  const renderAll = () => Object.keys(samples).map((name) => ({ name, ...render(name) }));
  // Why the templates cannot be shown: a tag unknown to mjml, a value that is missing in the samples.
  let problem: string | undefined;
  const compile = async () => {
    problem = await compileTemplates()
      .then(renderAll)
      .then(() => undefined, String);
    changes.emit("change");
  };
  await compile();

  let timer: NodeJS.Timeout | undefined;
  let compiling = Promise.resolve();
  const watcher = watch(templates, { recursive: true }, (_event, file) => {
    if (file?.startsWith("compiled")) return;
    clearTimeout(timer);
    timer = setTimeout(() => void (compiling = compiling.then(compile)), CALM);
  });

  const app = express()
    .disable("x-powered-by")
    .use((_request, response, next) => {
      response.set({ "Cache-Control": "no-store", "Content-Security-Policy": POLICY });
      next();
    })
    .get("/mails", (_request, response) => {
      if (problem !== undefined) return void response.status(500).json({ problem });
      response.json(renderAll().map(({ name, subject, text }) => ({ name, subject, text })));
    })
    .get("/mails/:name/:scheme", ({ params: { name, scheme } }, response) => {
      if (!Object.hasOwn(samples, name) || (scheme !== "light" && scheme !== "dark"))
        return void response.sendStatus(404);
      response
        .set("Content-Security-Policy", INERT)
        .type("html")
        .send(inScheme(render(name).html, scheme));
    })
    .get("/changes", (_request, response) => {
      const notify = () => void response.write("data: changed\n\n");
      response.set("Content-Type", "text/event-stream").flushHeaders();
      changes.on("change", notify);
      response.on("close", () => changes.off("change", notify));
    })
    .use(express.static(join(import.meta.dirname, "public")))
    .use(express.static(join(root, "sandbox/public"), { index: false }));

  const server = createServer(app).listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      watcher.close();
      clearTimeout(timer);
      server.close();
      server.closeAllConnections();
      await compiling;
    },
  };
};

/** Browsers apply the system's colour scheme inside a frame, so the mail is reduced to the chosen one. */
const inScheme = (html: string, scheme: Scheme) =>
  html
    .replaceAll("(prefers-color-scheme: dark)", scheme === "dark" ? "all" : "not all")
    .replaceAll("light dark", scheme);

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
].join("; ");

const INERT = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";
