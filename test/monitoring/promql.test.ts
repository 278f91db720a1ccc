import { expect, it } from "vitest";
import { metricsOf, operandsOf } from "../support/monitoring/promql.ts";

it("splits an expression at its set operators and drops comparisons with numbers", () => {
  expect(operandsOf('max(a{b!="0"}) > 0.5')).toEqual(['max(a{b!="0"})']);
  expect(operandsOf("(a > 1 and on (queue) b >= 2) unless on (queue) c == 1")).toEqual(["a", "b", "c"]);
  expect(operandsOf("max(a) / (max(b) > 0) > 0.8")).toEqual(["max(a) / (max(b))"]);
  expect(operandsOf("absent(max(a))")).toEqual(["max(a)"]);
  expect(operandsOf("count(a > 0) or vector(0)")).toEqual(["count(a)", "vector(0)"]);
});

it("finds the metrics of an expression, without functions, labels and grouping", () => {
  const expression =
    'sum by (queue, le) (rate(a_total{queue="b_c"}[5m])) / on (queue) queue:d:rate5m unless up == 0';
  expect(metricsOf(expression)).toEqual(["a_total", "queue:d:rate5m", "up"]);
});
