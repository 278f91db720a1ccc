import { setTimeout as sleep } from "node:timers/promises";
import sharp from "sharp";
import type { Message } from "../../sandbox/inbox.ts";

const red = { create: { width: 64, height: 64, channels: 3, background: "red" } } as const;

const PASSWORD = "correct horse battery";

/** What users do over HTTP. Every method throws if a request is refused. */
export interface Visitor {
  /** Addresses that were told to look into their inbox. */
  readonly signedUp: ReadonlySet<string>;
  /** Requests that were accepted. */
  readonly accepted: number;
  signUp(api: string): Promise<string>;
  /** Does everything that starts jobs and that the older version can do too. */
  useEverything(api: string): Promise<void>;
  /** Signs up and deletes the account, if the older version can. */
  leave(api: string): Promise<void>;
}

/**
 * @param paths those of the API in both versions
 * @param readMails reads the inboxes of all addresses
 */
export const createVisitor = (paths: ReadonlySet<string>, readMails: () => Promise<Message[]>): Visitor => {
  const signedUp = new Set<string>();
  let accepted = 0;

  const send = async (api: string, method: string, path: string, body?: object, cookie = "") => {
    const headers = { ...(body && { "content-type": "application/json" }), ...(cookie && { cookie }) };
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const response = await fetch(`${api}${path}`, { ...init, signal: AbortSignal.timeout(30_000) });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`${method} ${path} was refused: ${response.status} ${text.slice(0, 300)}`);
    accepted++;
    return { body: (text ? JSON.parse(text) : {}) as Record<string, string>, response };
  };

  const signUp = async (api: string): Promise<string> => {
    const email = `visitor-${signedUp.size}@rolling.example`;
    signedUp.add(email);
    await send(api, "POST", "/v1/signup", { email, name: "Ada Lovelace", password: PASSWORD });
    return email;
  };

  const tokenFor = async (email: string): Promise<string> => {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(100)) {
      const mail = (await readMails()).find(({ to }) => to === email);
      const token = /#([\w-]{43})/.exec(mail?.text ?? "")?.[1];
      if (token) return token;
    }
    throw new Error(`${email} has received no mail within 30 s`);
  };

  const upload = async (api: string, cookie: string): Promise<void> => {
    const picture = await sharp(red).png().toBuffer();
    const file = { filename: "red.png", contentType: "image/png", bytes: picture.length, kind: "IMAGE" };
    const { body } = await send(api, "POST", "/v1/uploads", file, cookie);
    const { method, url, headers, id } = body as unknown as {
      method: string;
      url: string;
      headers: Record<string, string>;
      id: string;
    };
    const put = await fetch(new URL(url, api), { method, headers, body: picture });
    if (!put.ok) throw new Error(`the file was refused: ${put.status} ${await put.text()}`);
    await send(api, "POST", `/v1/uploads/${id}/complete`, undefined, cookie);
  };

  const logIn = async (api: string) => {
    const email = await signUp(api);
    await send(api, "POST", "/v1/verify-email", { token: await tokenFor(email) });
    const { response } = await send(api, "POST", "/v1/login", { email, password: PASSWORD });
    const cookie = response.headers.getSetCookie().find((each) => each.startsWith("session=")) ?? "";
    return { email, cookie: cookie.split(";")[0] ?? "" };
  };

  const useEverything = async (api: string): Promise<void> => {
    const { email, cookie } = await logIn(api);
    const post = (path: string, body?: object) => send(api, "POST", path, body, cookie);
    if (paths.has("/v1/devices"))
      await post("/v1/devices", { token: `phone-of-${email}`, platform: "ANDROID" });
    if (paths.has("/v1/uploads")) await upload(api, cookie);
    if (paths.has("/v1/reports")) {
      const { body: project } = await post("/v1/projects", { name: "Apollo" });
      await post(`/v1/projects/${project["id"]}/tasks`, { title: "Land on the Moon" });
      await post("/v1/reports", { projectId: project["id"], period: "WEEK", attach: true });
      const daily = { cadence: "DAILY", hour: 7, delivery: "LINK" };
      await send(api, "PUT", `/v1/report-schedules/${project["id"]}`, daily, cookie);
    }
    if (paths.has("/v1/account/export")) await post("/v1/account/export");
  };

  const leave = async (api: string): Promise<void> => {
    if (!paths.has("/v1/account")) return;
    const { cookie } = await logIn(api);
    await send(api, "DELETE", "/v1/account", { password: PASSWORD }, cookie);
  };

  return {
    signedUp,
    get accepted() {
      return accepted;
    },
    signUp,
    useEverything,
    leave,
  };
};
