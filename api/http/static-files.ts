import { readdirSync } from "node:fs";
import { basename } from "node:path";
import express, { Router } from "express";
import { refuseOtherMethods } from "./other-methods.ts";

/** Serves the files of a folder, pages also without `.html`. Methods other than GET and HEAD get a 405. */
export const staticFiles = (folder: string, options: { index?: false } = {}): Router => {
  const paths = new Set(readdirSync(folder).flatMap((name) => [`/${name}`, pagePathOf(name)]));
  return Router()
    .use(express.static(folder, { extensions: ["html"], ...options }))
    .use((request, response, next) => {
      const isOther = request.method !== "GET" && request.method !== "HEAD";
      if (isOther && paths.has(request.path)) refuseOther(request, response, next);
      else next();
    });
};

const refuseOther = refuseOtherMethods(["get"]);

const pagePathOf = (name: string) => (name === "index.html" ? "/" : `/${basename(name, ".html")}`);
