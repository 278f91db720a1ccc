import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";

const run = promisify(execFile);
const folder = join(import.meta.dirname, "../../../deploy/kubernetes");

/** A manifest as Kustomize renders it. The schemas check the rest of its shape. */
export interface Manifest<Spec = unknown> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> };
  readonly spec: Spec;
  readonly data?: Record<string, string>;
}

export interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { secretKeyRef: { name: string; key: string; optional?: boolean } };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly env: readonly Variable[];
  readonly envFrom: readonly { configMapRef: { name: string } }[];
  readonly ports?: readonly { name: string; containerPort: number }[];
  readonly resources: { requests: object; limits: { memory?: string } };
  readonly securityContext: object;
  readonly volumeMounts: readonly { name: string; mountPath: string }[];
  readonly [probe: `${string}Probe`]: { httpGet: { path: string; port: string } } | undefined;
}

/** A Deployment or a Job. */
export type Workload = Manifest<{
  readonly replicas?: number;
  readonly template: {
    readonly metadata: { labels: Record<string, string> };
    readonly spec: {
      readonly containers: readonly [Container];
      readonly terminationGracePeriodSeconds?: number;
      readonly automountServiceAccountToken?: boolean;
      readonly securityContext: object;
      readonly volumes: readonly { name: string; emptyDir: object }[];
    };
  };
}>;

const rendered = new Map<string, Promise<Manifest[]>>();

/** What `kubectl apply --kustomize deploy/kubernetes/<path>` would send. */
export const render = (path: string): Promise<Manifest[]> => {
  const manifests = rendered.get(path) ?? kustomize(path);
  rendered.set(path, manifests);
  return manifests;
};

const kustomize = async (path: string): Promise<Manifest[]> => {
  const { stdout } = await run("kubectl", ["kustomize", join(folder, path)]);
  return parseAllDocuments(stdout).map((document): Manifest => {
    if (document.errors[0]) throw document.errors[0];
    return document.toJS();
  });
};

export const ofKind = <Kind extends Manifest>(manifests: readonly Manifest[], ...kinds: string[]): Kind[] =>
  manifests.filter(({ kind }) => kinds.includes(kind)) as Kind[];
