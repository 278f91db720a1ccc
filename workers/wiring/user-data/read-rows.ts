import type { Database } from "../../../infra/database.ts";
import type { Listing, Page, Row, StoredFolder } from "../../account-export/data.ts";

/** Rows per statement. With the longest texts that the API accepts, they are a few megabytes. */
const PAGE = 500;

/** The rows of a user in one table, as an export has them. */
export interface UserTable extends Pick<Listing, "file" | "title" | "about"> {
  table: string;
  /** What is exported: columns of the table, which is `t`, and other names with their SQL. */
  columns: readonly (string | readonly [name: string, sql: string])[];
  /** Columns that are not exported, and why. */
  omitted?: Readonly<Record<string, string>>;
  /** SQL: joins with other tables. */
  join?: string;
  /** Whose rows are read: those of the user, or of each project that the user owns. */
  per?: "user" | "project";
  /** SQL: which rows. `$1` is the id of the user, or of the project. */
  where: string;
  /** A unique key with an index, newest rows first: SQL and types. By default the id. */
  key?: readonly (readonly [sql: string, type: string])[];
  /** Adds what is not in the database. */
  complete?(prisma: Database["prisma"], userId: string, rows: readonly Row[]): Promise<Row[]>;
  /** The stored objects of a row. */
  folder?(row: Row): StoredFolder | undefined;
}

type Prisma = Database["prisma"];

interface Rows {
  rows: Row[];
  next: string | undefined;
}

/** Reads the rows of a table page by page, each page in a statement of its own. */
export const toListing = (prisma: Prisma, table: UserTable): Listing => {
  const read = table.per === "project" ? readOfProjects : readRows;
  return {
    file: table.file,
    title: table.title,
    about: table.about,
    read: async (userId, after): Promise<Page> => {
      const { rows, next } = await read(prisma, table, userId, after);
      const folders = rows.flatMap((row) => table.folder?.(row) ?? []);
      return { rows: (await table.complete?.(prisma, userId, rows)) ?? rows, folders, next };
    },
  };
};

/** One project after the other, so that each page is a range of an index. */
const readOfProjects = async (
  prisma: Prisma,
  table: UserTable,
  userId: string,
  after: string | undefined,
): Promise<Rows> => {
  const [begun, inner] = after?.split(" ", 2) ?? [];
  const projectId = await findOwned(prisma, userId, ">=", begun);
  if (projectId === undefined) return { rows: [], next: undefined };
  const { rows, next } = await readRows(prisma, table, projectId, projectId === begun ? inner : undefined);
  if (next !== undefined) return { rows, next: `${projectId} ${next}` };
  return { rows, next: await findOwned(prisma, userId, ">", projectId) };
};

/** The first project that the user owns, from an id on. */
const findOwned = async (prisma: Prisma, userId: string, comparison: ">" | ">=", id = FIRST) => {
  const [found] = await prisma.$queryRawUnsafe<{ projectId: string }[]>(
    `SELECT "projectId" FROM "ProjectMember"
      WHERE "userId" = $1::uuid AND role = 'OWNER' AND "projectId" ${comparison} $2::uuid
      ORDER BY "projectId" LIMIT 1`,
    ...[userId, id],
  );
  return found?.projectId;
};

const FIRST = "00000000-0000-0000-0000-000000000000";

const readRows = async (
  prisma: Prisma,
  table: UserTable,
  ownerId: string,
  after: string | undefined,
): Promise<Rows> => {
  const values = after === undefined ? [] : fromCursor(after);
  const found = await prisma.$queryRawUnsafe<(Row & { cursor: unknown })[]>(
    toSql(table, values.length > 0),
    ...[ownerId, ...values],
  );
  const read = found.map(({ cursor, ...row }) => ({ cursor, row }));
  const last = read.length === PAGE ? read.at(-1)?.cursor : undefined;
  return {
    rows: read.map(({ row }) => row),
    next: last === undefined ? undefined : toCursor(last),
  };
};

const toSql = (
  { table, columns, join = "", where, key = [["t.id", "uuid"]] }: UserTable,
  isLater: boolean,
): string => {
  const selected = columns.map((column) => {
    const [name, sql] = typeof column === "string" ? [column, `t."${column}"`] : column;
    return `${sql} AS "${name}"`;
  });
  const keys = key.map(([sql]) => sql).join(", ");
  const before = key.map(([, type], index) => `$${index + 2}::${type}`).join(", ");
  const [[first, type] = []] = key;
  // The first comparison alone too: the planner uses an index for a row only if it has all the columns in this order.
  const later = isLater ? ` AND ${first} <= $2::${type} AND (${keys}) < (${before})` : "";
  return `SELECT ${selected.join(", ")}, json_build_array(${keys}) AS cursor FROM "${table}" t ${join}
    WHERE ${where}${later} ORDER BY ${key.map(([sql]) => `${sql} DESC`).join(", ")} LIMIT ${PAGE}`;
};

/** Without spaces, which separate it from the id of a project. */
const toCursor = (key: unknown): string => encodeURIComponent(JSON.stringify(key));

const fromCursor = (cursor: string): string[] =>
  (JSON.parse(decodeURIComponent(cursor)) as unknown[]).map(String);
