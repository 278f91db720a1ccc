import { z } from "zod";

/** A page of a list whose order is that of its ids (UUIDv7: newest first), so that it is stable while rows come and go. */
export const pageQuery = z.object({
  cursor: z.uuid("Not a valid cursor.").optional().describe("The `next` of the page before."),
  limit: z.coerce.number("Must be a number.").int().min(1).max(100).default(20),
});

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().describe("The cursor of the next page; null on the last."),
  });

/** For Prisma's findMany. It loads one row more than requested, to find out whether there is a next page. */
export const pageArguments = ({ cursor, limit }: z.output<typeof pageQuery>) =>
  ({ where: cursor ? { id: { lt: cursor } } : {}, orderBy: { id: "desc" }, take: limit + 1 }) as const;

export const toPage = <Row extends { id: string }>(rows: Row[], limit: number) => {
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
};
