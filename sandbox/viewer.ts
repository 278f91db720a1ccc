import { Router } from "express";
import { INERT_HTML } from "../infra/inert-html.ts";
import { notifyOf } from "./events.ts";
import type { Inbox, Message } from "./inbox.ts";
import type { Outage } from "./outage.ts";

/** The most mails that the page lists. */
const LISTED = 200;

/** The requests of the page: the list, one mail, its HTML without active content, and events when to reload. */
export const createViewer = (inbox: Inbox, outage: Outage): Router =>
  Router()
    .get("/messages", (request, response) => {
      const { search: wanted } = request.query;
      const search = typeof wanted === "string" ? wanted.toLowerCase() : "";
      const found = inbox.all().filter(({ to }) => to.toLowerCase().includes(search));
      response.json({ total: found.length, messages: found.slice(0, LISTED).map(summarise) });
    })

    .get("/messages/:id", (request, response) => {
      const stored = inbox.find(request.params.id);
      if (!stored) return void response.status(404).json({ error: "mail not found" });
      const copies = inbox.all().filter(isSameMail(stored.message)).length;
      response.json({ ...stored.message, headers: stored.headers, copies });
    })

    .get("/messages/:id/html", (request, response) => {
      const stored = inbox.find(request.params.id);
      if (!stored) return void response.sendStatus(404);
      response
        .set("Content-Security-Policy", INERT_HTML)
        .type("html")
        .send(openLinksInTabs(stored.message.html));
    })

    .get("/events", notifyOf(inbox, outage));

const summarise = ({ id, to, subject, receivedAt }: Message) => ({ id, to, subject, receivedAt });

const isSameMail = (mail: Message) => (other: Message) =>
  other.messageId === mail.messageId && other.to === mail.to;

const openLinksInTabs = (html: string) => {
  const head = /<head[^>]*>/i.exec(html);
  const start = head ? head.index + head[0].length : 0;
  return `${html.slice(0, start)}<base target="_blank">${html.slice(start)}`;
};
