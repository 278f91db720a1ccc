import { z } from "zod";

/** Lists are ordered by id (UUIDv7, newest first), so pages stay stable while rows are added and deleted. */
export const pageQuery = z.object({
  cursor: z.uuid("Invalid cursor.").optional().describe("The value of `next` from the previous page."),
  limit: z.coerce.number("Enter a number.").int().min(1).max(100).default(20),
});

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().describe("The cursor of the next page; null on the last page."),
  });

/** Arguments for Prisma's findMany. One extra row is read to find out whether there is a next page. */
export const pageArguments = ({ cursor, limit }: z.output<typeof pageQuery>) =>
  ({ where: cursor ? { id: { lt: cursor } } : {}, orderBy: { id: "desc" }, take: limit + 1 }) as const;

export const toPage = <Row extends { id: string }>(rows: Row[], limit: number) => {
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
};
