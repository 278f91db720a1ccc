import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { api } from "../monitoring/grafana/source/api.ts";
import { overview } from "../monitoring/grafana/source/overview.ts";
import { queue } from "../monitoring/grafana/source/queue.ts";
import { workers } from "../monitoring/grafana/source/workers.ts";

// npm run dashboards: writes the dashboards in monitoring/grafana/dashboards. Run it after a change to their source.

const folder = join(import.meta.dirname, "../monitoring/grafana/dashboards");

/** The dashboards by the name of their file. */
export const dashboards = Object.fromEntries(
  Object.entries({ overview, queue, workers, api }).map(([name, builder]) => {
    const built = builder.build();
    // Numbered here, because the builders leave that to Grafana, which would number them at each start.
    return [name, { ...built, panels: built.panels?.map((panel, index) => ({ ...panel, id: index + 1 })) }];
  }),
);

/** The files of the dashboards and what belongs into them. */
export const dashboardFiles = (): Promise<{ path: string; content: string }[]> =>
  Promise.all(
    Object.entries(dashboards).map(async ([name, content]) => {
      const path = join(folder, `${name}.json`);
      const options = await resolveConfig(path);
      return { path, content: await format(JSON.stringify(content), { ...options, parser: "json" }) };
    }),
  );

if (process.argv[1] === import.meta.filename)
  for (const { path, content } of await dashboardFiles()) await writeFile(path, content);
