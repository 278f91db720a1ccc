/** What each tab shows, read through the public API with the person's session and from the sandbox's providers. */

const JSON_ONLY = { headers: { "X-Watch": "1" } };

const TRIES = 10;
const RETRY_MS = 1_000;

/**
 * The body of a GET, tried again while the server is away or busy; undefined without a session or a response. These
 * reads are no acts: they are not in the story.
 */
const read = async (path, tries = TRIES) => {
  const { status, body } = await get(path);
  const isTemporary = status === 0 || status === 429 || status >= 500;
  if (!isTemporary || tries === 1) return body;
  await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  return read(path, tries - 1);
};

const get = async (path) => {
  try {
    const response = await fetch(path, JSON_ONLY);
    return { status: response.status, body: response.ok ? await response.json() : undefined };
  } catch {
    return { status: 0 };
  }
};

/** Mails of the person, newest first; of everyone before there is a person. */
export const readInbox = async (email) => {
  const list = await read(`/watch/control/inbox?${new URLSearchParams(email ? { to: email } : {})}`);
  return list?.messages?.slice(0, 30) ?? [];
};

/** One mail, with the links in it. */
export const readMail = async (id) => {
  const mail = await read(`/watch/control/inbox/${encodeURIComponent(id)}`);
  return mail && { ...mail, links: linksIn(mail) };
};

const LABELS = {
  ...{ "verify-email": "Verify the address", "reset-password": "Choose a new password", login: "Log in" },
  ...{ invitation: "Open the invitation", unsubscribe: "Unsubscribe", "keep-account": "Keep the account" },
  ...{ reports: "Open the reports", uploads: "Open the uploads", account: "Open the account" },
};

/** The links of a mail's text that lead to this application, each once: `{ href, label, page, token }`. */
export const linksIn = ({ text = "" }) => {
  const urls = new Set(text.match(/https?:\/\/[^\s<>"')\]]+/g) ?? []);
  return [...urls].flatMap((href) => {
    const { pathname, hash } = new URL(href);
    const page = pathname.split("/").filter(Boolean).at(-1) ?? "";
    const token = new URLSearchParams(hash.slice(1)).get("token") ?? hash.slice(1);
    return [{ href, page, token, label: LABELS[page] ?? `Open ${page || "the application"}` }];
  });
};

/** The newest upload of a kind with its files; null without one, undefined without a session. */
export const readUpload = async (kind) => {
  const list = await read("/v1/uploads?limit=20");
  const found = list?.items.find((each) => each.kind === kind && each.state !== "AWAITING");
  if (!found) return list && null;
  return read(`/v1/uploads/${found.id}`);
};

/** The newest report; null without one, undefined without a session. */
export const readReport = async () => {
  const list = await read("/v1/reports?limit=1");
  return list && (list.items[0] ?? null);
};

export const readPhones = async () => (await read("/watch/control/phones")) ?? [];
