import { execFileSync } from "node:child_process";
import { join } from "node:path";

// npm run image-size: builds the production images with Docker and prints their sizes. Fails if one is larger than its
// limit.

/** Megabytes (10^6 bytes), unpacked, with the base image. `media` is not limited: most of it is Debian's ffmpeg. */
const LIMITS = { app: 350, worker: 350, media: undefined };

const root = join(import.meta.dirname, "..");
const docker = (...args: string[]) =>
  execFileSync("docker", args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 24 });
const megabytes = (bytes: number) => Math.round(bytes / 1e6);

/** What `du` counts below a folder of the image. */
const inside = (image: string, path: string): number => {
  const output = docker("run", "--rm", "--entrypoint", "du", image, "-sb", path);
  return Number(output.split("\t")[0]);
};

for (const [target, limit] of Object.entries(LIMITS)) {
  const image = `offstage-size-${target}`;
  docker("build", "--quiet", "--target", target, "--tag", image, ".");
  const size = megabytes(Number(docker("image", "inspect", "--format", "{{.Size}}", image)));
  const [app, node] = [inside(image, "/app"), inside(image, "/usr/local/bin/node")].map(megabytes);
  const verdict = limit === undefined ? "" : size <= limit ? `, at most ${limit}` : `, MORE THAN ${limit}`;
  console.log(`${target}: ${size} MB${verdict} (/app ${app} MB, Node ${node} MB)`);
  if (limit !== undefined && size > limit) process.exitCode = 1;
}
