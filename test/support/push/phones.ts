import type { Outage } from "../../../sandbox/outage.ts";
import type { Call, Phone } from "../../../sandbox/phones.ts";

/** What arrived at the sandbox's FCM. */
export const createPhones = (sandboxUrl: string) => {
  const read = async <Body>(path: string) => (await (await fetch(sandboxUrl + path)).json()) as Body;
  const all = () => read<Phone[]>("/api/phones");
  return {
    all,
    /** The pushes of one device, in the order of their arrival. */
    pushesTo: async (token: string) => (await all()).find((phone) => phone.token === token)?.pushes ?? [],
    calls: () => read<Call[]>("/api/push-calls"),
    setOutage: async (push: Outage["now"]["push"]) => {
      const headers = { "content-type": "application/json" };
      await fetch(`${sandboxUrl}/api/outage`, { method: "PUT", headers, body: JSON.stringify({ push }) });
    },
    clear: () => fetch(`${sandboxUrl}/api/phones`, { method: "DELETE" }),
  };
};

export type Phones = ReturnType<typeof createPhones>;

/** The sequence numbers in the order of their first arrival. */
export const orderOf = (pushes: Phone["pushes"]): (number | null)[] =>
  pushes.filter(({ repeated }) => !repeated).map(({ sequence }) => sequence);
