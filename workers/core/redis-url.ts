interface Node {
  readonly host: string;
  readonly port: number;
}

interface Credentials {
  readonly username?: string;
  readonly password?: string;
}

/** What a URL for one Redis, a Redis Cluster, or a master that Sentinels watch contains. */
export type RedisAddress = Credentials & { readonly tls: boolean; readonly nodes: readonly Node[] } & (
    | { readonly kind: "single" }
    | { readonly kind: "cluster" }
    | {
        readonly kind: "sentinel";
        readonly master: string;
        readonly db: number;
        readonly sentinel: Credentials;
      }
  );

type Kind = RedisAddress["kind"];

/** Example URLs, for error messages. */
const EXAMPLES = {
  single: "redis://host",
  cluster: "redis-cluster://host1:6379,host2:6379",
  sentinel: "redis-sentinel://host1:26379,host2:26379/master",
} as const satisfies Record<Kind, string>;

const DEFAULT_PORTS = { single: 6_379, cluster: 6_379, sentinel: 26_379 } as const satisfies Record<
  Kind,
  number
>;

const SENTINEL_OPTIONS = new Set(["sentinelUsername", "sentinelPassword"]);

const PARTS =
  /^rediss?-\w+:\/\/(?:(?<credentials>[^@/?#]*)@)?(?<nodes>[^@/?#]+)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/;

/** Whether a URL has a scheme of Redis: `redis`, `redis-cluster` or `redis-sentinel`, or one of these with TLS. */
export const isRedisUrl = (url: string): boolean => /^rediss?(-cluster|-sentinel)?:/.test(url);

/**
 * Reads `redis-cluster://[user:password@]host:port,host:port`,
 * `redis-sentinel://[user:password@]host:port,host:port/master[/db][?sentinelPassword=…&sentinelUsername=…]`, and the
 * hosts of `redis://`; with TLS `rediss`, `rediss-cluster` and `rediss-sentinel`. Credentials are percent-encoded.
 * @throws TypeError that says what is wrong, without a value
 */
export const parseRedisUrl = (url: string): RedisAddress => {
  const kind = (/^rediss?-(cluster|sentinel):/.exec(url)?.[1] ?? "single") as Kind;
  const tls = url.startsWith("rediss");
  if (kind === "single") return { kind, tls, ...parseSingle(url) };
  const parts = PARTS.exec(url)?.groups;
  if (!parts) throw new TypeError(`must be a URL like ${EXAMPLES[kind]}`);
  const path = parts["path"] ?? "";
  const query = new URLSearchParams(parts["query"] ?? "");
  const common = {
    tls,
    nodes: (parts["nodes"] ?? "").split(",").map((node) => parseNode(node, kind)),
    ...parseCredentials(parts["credentials"]),
  };
  if (kind === "sentinel") return { kind, ...common, ...parseMaster(path), sentinel: parseSentinel(query) };
  if (path || query.size > 0)
    throw new TypeError(`must end after its hosts, like ${EXAMPLES[kind]}: a cluster has only database 0`);
  return { kind, ...common };
};

const parseSingle = (url: string) => {
  const parsed = URL.parse(url);
  if (!parsed) throw new TypeError(`must be a URL like ${EXAMPLES.single}`);
  const { hostname, port, username, password } = parsed;
  return {
    nodes: [{ host: bare(hostname), port: Number(port || DEFAULT_PORTS.single) }],
    ...credentials(decode(username), decode(password)),
  };
};

const parseNode = (node: string, kind: Kind): Node => {
  const url = URL.parse(`redis://${node}`);
  if (!url?.hostname) throw new TypeError(`must list its hosts like ${EXAMPLES[kind]}`);
  return { host: bare(url.hostname), port: Number(url.port || DEFAULT_PORTS[kind]) };
};

/** An IPv6 address has brackets in a URL only. */
const bare = (hostname: string) => hostname.replace(/^\[|\]$/g, "");

const parseCredentials = (text = ""): Credentials => {
  const colon = text.indexOf(":");
  return credentials(
    decode(colon < 0 ? text : text.slice(0, colon)),
    decode(colon < 0 ? "" : text.slice(colon + 1)),
  );
};

const credentials = (username: string | null, password: string | null): Credentials => ({
  ...(username && { username }),
  ...(password && { password }),
});

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new TypeError("must have its user and password percent-encoded", { cause });
  }
};

const parseMaster = (path: string) => {
  const { master, db } = /^(?<master>[^/]+)(?:\/(?<db>\d+))?\/?$/.exec(path)?.groups ?? {};
  if (!master) throw new TypeError(`must end in the name of the master, like ${EXAMPLES.sentinel}`);
  return { master: decode(master), db: Number(db ?? 0) };
};

const parseSentinel = (query: URLSearchParams): Credentials => {
  if ([...query.keys()].some((name) => !SENTINEL_OPTIONS.has(name)))
    throw new TypeError(`may have the parameters ${[...SENTINEL_OPTIONS].join(" and ")} only`);
  return credentials(query.get("sentinelUsername"), query.get("sentinelPassword"));
};
