import express, { type Request } from "express";
import supertest from "supertest";
import { expect, test } from "vitest";
import { createCookies } from "./cookies.ts";

const token = "x".repeat(43);
const other = "y".repeat(43);
const plain = createCookies("http://app.test");

test("over https, setting and clearing a cookie binds it to this host and TLS", async () => {
  const { set, clear, get } = createCookies("https://app.test");
  const app = express()
    .post("/", (_request, response) => {
      set(response, "session", token, 1_000);
      response.end();
    })
    .delete("/", (_request, response) => {
      clear(response, "session");
      response.end();
    });
  const attributes = /; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/;
  const [created] = (await supertest(app).post("/")).get("Set-Cookie") ?? [];
  expect(created).toMatch(/^__Host-session=x{43}; Max-Age=1; /);
  expect(created).toMatch(attributes);
  const [cleared] = (await supertest(app).delete("/")).get("Set-Cookie") ?? [];
  expect(cleared).toMatch(/^__Host-session=; Path=\/; Expires=Thu, 01 Jan 1970/);
  expect(cleared).toMatch(attributes);
  expect(get(requestWith(`session=${other}; __Host-session=${token}`), "session")).toBe(token);
  expect(get(requestWith(`session=${other}`), "session")).toBeUndefined();
});

test.for([
  [`session=${token}`, token],
  [`a=b;session=${token}`, token],
  [`session=${token}; session=${other}`, token],
  [`session=; session=${token}`, token],
  ["session=", undefined],
  [`session="${token}"`, undefined],
  [`session=${token}x`, undefined],
  [`session=${"x".repeat(8_000)}`, undefined],
  [`Session=${token}; xsession=${token}`, undefined],
  [";;=;session", undefined],
  ["", undefined],
])("%j contains the session %s", ([cookie, session]) => {
  expect(plain.get(requestWith(cookie ?? ""), "session")).toBe(session);
});

test("without cookies there is no session", () => {
  expect(plain.get(requestWith(undefined), "session")).toBeUndefined();
});

const requestWith = (cookie: string | undefined) => ({ headers: { cookie } }) as Request;
