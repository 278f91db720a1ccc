import { z } from "zod";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { timestamp } from "../http/fields.ts";

const preview = z.object({
  deletionAt: timestamp.describe("Until then, logging in would cancel it. Now, if there is no grace period."),
});

/** For the page that asks for a deletion: only this process knows the grace period. */
export const deletionPreviewRoutes = ({ accountDeletionGrace }: AppDeps) => [
  route(
    {
      method: "get",
      path: "/v1/account/deletion",
      summary: "Get the date on which your account would be deleted if you asked for it now",
      access: "user",
      status: 200,
      response: preview,
    },
    async () => ({ deletionAt: new Date(Date.now() + accountDeletionGrace) }),
  ),
];
