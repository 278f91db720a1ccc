import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import express, { Router } from "express";
import { Problem } from "../http/problem.ts";
import { staticFiles } from "../http/static-files.ts";

const pages = fileURLToPath(new URL("public", import.meta.url));
const litHtml = dirname(fileURLToPath(import.meta.resolve("lit-html")));

/** The files of the page, and of the packages that it uses in the browser. Nothing of the page is cached. */
export const watchFiles = (): Router =>
  Router()
    .get("/", (_request, response) => response.set(FRESH).sendFile("index.html", { root: pages }))
    .get("/hls.js", (_request, response) => {
      const folder = hlsFolder();
      if (!folder) throw new Problem("not-found", { detail: "hls.js is a development dependency." });
      response.sendFile("hls.light.min.mjs", { root: folder });
    })
    .use("/lit", onlyScripts(), express.static(litHtml, { index: false, redirect: false }))
    .use((_request, response, next) => {
      response.set(FRESH);
      next();
    })
    .use(staticFiles(pages));

const FRESH = { "Cache-Control": "no-cache" };

const onlyScripts = () =>
  Router().use((request, _response, next) => {
    if (!request.path.endsWith(".js")) throw new Problem("not-found");
    next();
  });

/** Undefined where it is not installed, as in production. */
const hlsFolder = () => {
  try {
    return dirname(fileURLToPath(import.meta.resolve("hls.js")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
};
