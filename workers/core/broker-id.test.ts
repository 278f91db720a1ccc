import { expect, test } from "vitest";
import { brokerIdentity } from "./broker-id.ts";

test.each([
  ["redis://cache/0", "redis://:secret@cache:6379"],
  ["redis-cluster://a:1,b:2", "redis-cluster://user:secret@b:2,a:1"],
  ["redis-sentinel://a,b/main", "redis-sentinel://b,a/main/0?sentinelPassword=secret"],
  ["postgres://ada:secret@db/offstage", "postgres://db:5432/offstage?sslmode=verify-full"],
])("%s and %s are the same broker", (one, other) => {
  expect(brokerIdentity(one, "app")).toBe(brokerIdentity(other, "app"));
  expect(brokerIdentity(one, "app")).toMatch(/^(redis|postgres)-[\da-f]{8}$/);
});

test.each([
  ["redis://cache/0", "redis://cache/1"],
  ["redis://cache", "redis://cache:6380"],
  ["redis-sentinel://a/main", "redis-sentinel://a/other"],
  ["postgres://db/offstage", "postgres://db/queues"],
  ["postgres://db/offstage", "redis://db/offstage"],
])("%s and %s are two brokers", (one, other) => {
  expect(brokerIdentity(one, "app")).not.toBe(brokerIdentity(other, "app"));
});

test("two prefixes in one Redis are two brokers", () => {
  expect(brokerIdentity("redis://cache", "app")).not.toBe(brokerIdentity("redis://cache", "other"));
});
