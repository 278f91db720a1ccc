import { execFile } from "node:child_process";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, expect, it } from "vitest";
import { createTestDatabase } from "./support/core/database.ts";

// Added to a migration by hand, because Prisma's schema language cannot express it.
const byHand = [
  "relation Job_export_idx i",
  `CREATE INDEX "Job_export_idx" ON public."Job" USING btree (((payload ->> 'exportId'::text))) WHERE (payload ? 'exportId'::text)`,
  "relation Job_report_idx i",
  `CREATE INDEX "Job_report_idx" ON public."Job" USING btree (((payload ->> 'reportId'::text))) WHERE (payload ? 'reportId'::text)`,
  "relation Job_schedule_idx i",
  `CREATE INDEX "Job_schedule_idx" ON public."Job" USING btree (((payload ->> 'scheduleId'::text))) WHERE (payload ? 'scheduleId'::text)`,
  "relation Job_upload_idx i",
  `CREATE INDEX "Job_upload_idx" ON public."Job" USING btree (((payload ->> 'uploadId'::text))) WHERE (payload ? 'uploadId'::text)`,
  "relation Job_user_idx i",
  `CREATE INDEX "Job_user_idx" ON public."Job" USING btree (((payload ->> 'userId'::text))) WHERE (payload ? 'userId'::text)`,
  "relation Job_orderSeq_seq S",
  "storage Job fillfactor=70, autovacuum_vacuum_scale_factor=0.01, autovacuum_analyze_scale_factor=0.01",
];

const migrated = await createTestDatabase();
const fromSchema = await createTestDatabase();
afterAll(() => Promise.all([migrated.drop(), fromSchema.drop()]));

it("the migrations match the schema, except for what is listed here", async () => {
  await replaceBySchema(fromSchema.url);
  const [actual, expected] = await Promise.all([readCatalog(migrated.url), readCatalog(fromSchema.url)]);
  expect(actual.filter((line) => !byHand.includes(line))).toEqual(expected);
  expect(actual).toEqual(expect.arrayContaining(byHand));
});

const replaceBySchema = async (url: string) => {
  const diff = ["migrate", "diff", "--from-empty", "--to-schema", "prisma/schema.prisma", "--script"];
  const { stdout } = await promisify(execFile)("node_modules/.bin/prisma", diff, {
    env: { ...process.env, DATABASE_URL: url },
  });
  await query(url, `DROP SCHEMA public CASCADE; ${stdout}`);
};

/** Every table, column, index, constraint and enum of the application's schema, one line each. */
const readCatalog = async (url: string): Promise<string[]> => {
  const rows = await query(
    url,
    `WITH relation AS (
       SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE '\\_prisma\\_migrations%'
     )
     SELECT concat_ws(' ', 'relation', relname, relkind) AS line FROM relation
     UNION ALL
     SELECT concat_ws(' ', 'storage', relname, array_to_string(reloptions, ', ')) FROM relation WHERE reloptions IS NOT NULL
     UNION ALL
     SELECT concat_ws(' ', 'column', relname, attname, format_type(atttypid, atttypmod),
                      CASE WHEN attnotnull THEN 'NOT NULL' END, pg_get_expr(adbin, adrelid))
       FROM relation JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
       LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
      WHERE relkind = 'r'
     UNION ALL
     SELECT pg_get_indexdef(oid) FROM relation WHERE relkind = 'i'
     UNION ALL
     SELECT concat_ws(' ', relname, conname, pg_get_constraintdef(pg_constraint.oid))
       FROM relation JOIN pg_constraint ON conrelid = relation.oid
     UNION ALL
     SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(pg_trigger.oid))
       FROM relation JOIN pg_trigger ON tgrelid = relation.oid WHERE NOT tgisinternal
     UNION ALL
     SELECT concat_ws(' ', 'enum', typname, string_agg(enumlabel, ', ' ORDER BY enumsortorder))
       FROM pg_type JOIN pg_enum ON enumtypid = pg_type.oid WHERE typnamespace = 'public'::regnamespace GROUP BY typname
     ORDER BY line`,
  );
  return rows.map(({ line }) => line);
};

const query = async (url: string, text: string): Promise<{ line: string }[]> => {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<{ line: string }>(text);
  await client.end();
  return rows;
};
