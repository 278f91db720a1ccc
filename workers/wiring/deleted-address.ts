import type { Database } from "../../infra/database.ts";
import { UnsealError, unsealText } from "../../infra/sealed.ts";
import { PermanentError } from "../core/index.ts";

/**
 * The address for the last mail of a deleted account. Undefined when the mail was sent, or the address was purged.
 * @throws PermanentError if APP_SECRET has changed since: no retry can read it
 */
export const findDeletedAddress =
  (prisma: Pick<Database["prisma"], "accountDeletion">, appSecret: string) =>
  async (id: string): Promise<string | undefined> => {
    const deletion = await prisma.accountDeletion.findUnique({
      where: { id },
      select: { sealedAddress: true },
    });
    try {
      return deletion?.sealedAddress ? unsealText(appSecret, id, deletion.sealedAddress) : undefined;
    } catch (error) {
      if (!(error instanceof UnsealError)) throw error;
      throw new PermanentError(`the address cannot be read: ${error.message}`, { cause: error });
    }
  };
