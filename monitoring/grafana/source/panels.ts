import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/common";
import { LegendDisplayMode, StackingMode, TooltipDisplayMode } from "@grafana/grafana-foundation-sdk/common";
import { ReduceDataOptionsBuilder, StackingConfigBuilder } from "@grafana/grafana-foundation-sdk/common";
import { VizLegendOptionsBuilder, VizTooltipOptionsBuilder } from "@grafana/grafana-foundation-sdk/common";
import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as LinesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** A variable of each dashboard, so that it can be imported into any Grafana. */
export const datasource: DataSourceRef = { type: "prometheus", uid: "${datasource}" };

export type Unit = "short" | "s" | "bytes" | "percentunit" | "ops" | "reqps";

/** Legends and their queries. A legend may contain labels: `{{queue}}`. */
type Queries = Readonly<Record<string, string>>;

const queriesOf = (queries: Queries) =>
  Object.entries(queries).map(([legend, expr], index) =>
    new DataqueryBuilder()
      .datasource(datasource)
      .refId(String.fromCharCode(65 + index))
      .range()
      .expr(expr)
      .legendFormat(legend),
  );

/** Lines over time. Three in a row. */
export const lines = (title: string, description: string, unit: Unit, queries: Queries): LinesBuilder =>
  new LinesBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .unit(unit)
    .min(0)
    .span(8)
    .height(8)
    .fillOpacity(8)
    .legend(new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List).showLegend(true))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .targets(queriesOf(queries));

/** Lines that add up. */
export const stack = (...args: Parameters<typeof lines>): LinesBuilder =>
  lines(...args)
    .fillOpacity(40)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal));

/** The present value of one query: red from `bad`. Six in a row. */
export const number = (title: string, description: string, unit: Unit, expr: string, bad?: number) => {
  const steps = [
    { value: null, color: "green" },
    ...(bad === undefined ? [] : [{ value: bad, color: "red" }]),
  ];
  return new StatBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .unit(unit)
    .span(4)
    .height(4)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps))
    .withTarget(new DataqueryBuilder().datasource(datasource).refId("A").range().expr(expr));
};

/** A dashboard without panels. It links to the others. */
export const dashboard = (uid: string, title: string, description: string): DashboardBuilder =>
  new DashboardBuilder(`Offstage / ${title}`)
    .uid(`offstage-${uid}`)
    .description(description)
    .tags(["offstage"])
    .refresh("30s")
    .time({ from: "now-1h", to: "now" })
    .timezone("browser")
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"))
    .link(
      new DashboardLinkBuilder("Offstage")
        .type(DashboardLinkType.Dashboards)
        .tags(["offstage"])
        .keepTime(true),
    );

/** The rate of a counter, over a window that Grafana derives from the resolution. */
export const rate = (by: string, selector: string): string =>
  `sum by (${by}) (rate(${selector}[$__rate_interval]))`;

/** A percentile of a histogram. `selector` is its name without `_bucket`, and its labels. */
export const percentile = (percent: number, by: string, name: string, labels = ""): string =>
  `histogram_quantile(${percent / 100}, sum by (${[by, "le"].filter(Boolean).join(", ")}) (rate(${name}_bucket${labels}[$__rate_interval])))`;
