import { z } from "zod";
import type { AppDeps } from "../deps.ts";
import type { FailedSearch } from "../../infra/admin/filter.ts";
import { parseAddress } from "../http/address.ts";
import { invalidField } from "../http/problem.ts";

const time = z.iso.datetime({ offset: true, error: "Enter a time." });
const word = z.string().min(1).max(64);

/** Which jobs of the dead letter. */
export const failedFilter = {
  user: z.string().min(1).max(254).optional().describe("The id or the email address of an account."),
  name: word.optional(),
  kind: word.optional().describe("The kind of the error, such as provider."),
  since: time.optional(),
  until: time.optional(),
};

type FailedFilter = z.output<z.ZodObject<typeof failedFilter>>;

/**
 * A filter with the id of its user, so that no address is stored.
 * @throws Problem if there is no such user
 */
export const resolveUser = async <Filter extends FailedFilter>(
  prisma: AppDeps["prisma"],
  { user, ...filter }: Filter,
): Promise<Omit<Filter, "user"> & FailedSearch> => {
  if (user === undefined) return filter;
  if (z.uuid().safeParse(user).success) return { ...filter, userId: user.toLowerCase() };
  const parsed = parseAddress(user.trim());
  const found =
    "problem" in parsed
      ? null
      : await prisma.user.findUnique({ where: { email: parsed.email }, select: { id: true } });
  if (!found) throw invalidField("user", "No account has this id or address.");
  return { ...filter, userId: found.id };
};
