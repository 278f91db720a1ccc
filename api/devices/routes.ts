import { z } from "zod";
import { pushNotify } from "../../workers/push-notify/job.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { id, timestamp } from "../http/fields.ts";
import { pageArguments, pageOf, pageQuery, toPage } from "../http/pagination.ts";
import { Problem } from "../http/problem.ts";
import { enforceLimit, limits } from "../rate-limits.ts";
import { MOST_DEVICES, registerDevice } from "./register.ts";

const PLATFORMS = ["ANDROID", "IOS", "WEB"] as const;
const WHICH = "Enter ANDROID, IOS or WEB.";
/** FCM's tokens have up to about 250 characters. PostgreSQL's index of them accepts 2,700 bytes. */
const LONGEST_TOKEN = 2_048;

const newDevice = z.object({
  token: z
    .string("Enter the registration token of FCM.")
    .regex(
      new RegExp(`^[\\x21-\\x7e]{1,${LONGEST_TOKEN}}$`),
      `Enter a token of 1 to ${LONGEST_TOKEN} visible ASCII characters.`,
    )
    .describe("FCM's registration token of the app's installation."),
  platform: z.string(WHICH).toUpperCase().pipe(z.enum(PLATFORMS, WHICH)).meta({ enum: PLATFORMS }),
});

/** Without its token, which with the service account is enough to send to the device. */
const device = z.object({ id: z.uuid(), platform: z.enum(PLATFORMS), createdAt: timestamp });

/** The devices of a user that receive pushes. */
export const deviceRoutes = ({ prisma, throttle }: AppDeps) => [
  route(
    {
      method: "post",
      path: "/v1/devices",
      summary: `Register a device for pushes; of more than ${MOST_DEVICES}, the oldest is removed`,
      access: "user",
      body: newDevice,
      status: 201,
      response: device,
      problems: ["too-many-requests"],
      idempotent: true,
    },
    async ({ session: { userId }, body, transaction }) => {
      await enforceLimit(throttle, limits.devices, userId);
      return transaction(async ({ tx, enqueue }) => {
        const { id, platform, createdAt } = await registerDevice(tx, { userId, ...body });
        // A notification that is committed at the same moment has seen no device, and enqueued no push.
        await enqueue(pushNotify, { userId });
        return { id, platform, createdAt };
      });
    },
  ),

  route(
    {
      method: "get",
      path: "/v1/devices",
      summary: "List your devices, newest first",
      access: "user",
      query: pageQuery,
      status: 200,
      response: pageOf(device),
    },
    async ({ session: { userId }, query }) => {
      const { where, ...rest } = pageArguments(query);
      const rows = await prisma.pushDevice.findMany({
        where: { ...where, userId },
        select: { id: true, platform: true, createdAt: true },
        ...rest,
      });
      return toPage(rows, query.limit);
    },
  ),

  route(
    {
      method: "delete",
      path: "/v1/devices/:id",
      summary: "Remove a device: it receives no more pushes",
      access: "user",
      params: id,
      status: 204,
    },
    async ({ session: { userId }, params }) => {
      const { count } = await prisma.pushDevice.deleteMany({ where: { id: params.id, userId } });
      if (count === 0) throw new Problem("not-found");
    },
  ),
];
