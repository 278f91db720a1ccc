import { expect, test } from "vitest";
import { openFakeStore } from "../../test/support/servers/fake-store.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { wire } from "./upload-purge.ts";

const uploadId = "01932b5e-0000-7000-8000-000000000001";

test("an upload is purged from a store that removes objects one by one only", async () => {
  const objects = new Set(
    ["source", "image/480.webp", "image/160.jpg"].map((name) => `uploads/${uploadId}/${name}`),
  );
  const storage = await openFakeStore((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://store");
    request.resume().on("end", () => {
      if (request.method === "DELETE") objects.delete(pathname.replace("/files/", ""));
      const listed = [...objects].map((key) => `<Contents><Key>${key}</Key></Contents>`).join("");
      if (request.method === "POST")
        response.writeHead(501).end("<Error><Code>NotImplemented</Code></Error>");
      else response.end(request.method === "GET" ? `<ListBucketResult>${listed}</ListBucketResult>` : "");
    });
  });
  const prisma = { upload: { deleteMany: async () => ({ count: 1 }), count: async () => 0 } };
  const { handler } = wire({ prisma, storage } as unknown as Infrastructure);
  const run = { signal: new AbortController().signal } as Parameters<typeof handler>[1];
  expect(await handler({ uploadId }, run)).toBe("objects removed: 3");
  expect([...objects]).toEqual([]);
});
