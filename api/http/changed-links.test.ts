import express from "express";
import supertest from "supertest";
import { expect, test } from "vitest";
import { repairLinks } from "./changed-links.ts";

const app = supertest(
  express()
    .use(repairLinks)
    .use((_request, response) => void response.status(404).end()),
);

const token = "Ab_-".repeat(10) + "xyz";

test.each([
  [`/reset-password%23${token}`, `/reset-password#${token}`],
  [`/reset-password%2523${token}`, `/reset-password#${token}`],
  [`/reset-password%252523${token}`, `/reset-password#${token}`],
  [`/verify-email%23${token}`, `/verify-email#${token}`],
  [`/verify-email/%23${token}`, `/verify-email#${token}`],
  [`/verify-email%23${token}/`, `/verify-email#${token}`],
  [`/verify-email%23${token}%3Futm_source=mail`, `/verify-email#${token}`],
  [`/verify-email%23${token}&utm_source=mail`, `/verify-email#${token}`],
  [`/verify-email%23${token}?utm_source=mail`, `/verify-email?utm_source=mail#${token}`],
  ["/verify-email/", "/verify-email"],
  ["/verify-email/?utm_source=mail", "/verify-email?utm_source=mail"],
  ["/reset-password%23", "/reset-password"],
])("%s leads to %s", async (path, location) => {
  for (const request of [app.get(path), app.head(path)]) {
    const { status, headers } = await request;
    expect([status, headers["location"]]).toEqual([302, location]);
    expect(headers["cache-control"]).toBe("no-store");
  }
});

test.each([
  "/verify-email",
  `/nowhere%23${token}`,
  `//evil.example%23${token}`,
  "//evil.example/",
  `/evil.example/%23${token}`,
  `/v1/login%23${token}`,
  "/",
])("%s is not a changed link", async (path) => {
  expect((await app.get(path)).status).toBe(404);
});

test("only a page that is opened is redirected", async () => {
  expect((await app.post(`/reset-password%23${token}`)).status).toBe(404);
});
