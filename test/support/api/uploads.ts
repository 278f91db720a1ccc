import { type TestApp } from "./app.ts";
import type { SignedIn } from "./people.ts";

/** The first bytes of files, optionally padded with zeros. */
export const samples = {
  jpeg: Buffer.from("ffd8ffe000104a46494600010100000100010000", "hex"),
  png: Buffer.from(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000" +
      "1f15c4890000000d49444154789c63f8cfc0f01f0005000" +
      "1ff56c0a1860000000049454e44ae426082",
    "hex",
  ),
  webp: Buffer.from("524946461a000000574542505650384c0d0000002f00000010071011118888fe0700", "hex"),
  avif: Buffer.from("0000001c667479706176696600000000617669666d6966316d696166", "hex"),
  heic: Buffer.from("000000186674797068656963000000006d69663168656963", "hex"),
  gif: Buffer.from(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b",
    "hex",
  ),
  mp4: Buffer.from("000000186674797069736f6d0000020069736f6d69736f32", "hex"),
  mov: Buffer.from("00000014667479707174202000000200717420200000000877696465", "hex"),
  webm: Buffer.from(
    "1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878104428581021853806700",
    "hex",
  ),
  mkv: Buffer.from(
    "1a45dfa3a34286810142f7810142f2810442f381084282886d6174726f736b6142878104428581021853806700",
    "hex",
  ),
  svg: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
  html: Buffer.from("<!doctype html><script>alert(1)</script>"),
  m3u8: Buffer.from("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
};

export interface Permit {
  id: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  expiresAt: string;
}

export interface NewUpload {
  filename?: string;
  contentType?: string;
  bytes?: number;
  kind?: string;
}

/** The signed URL with a signature that differs in its first character. */
export const changeSignature = (url: string): string =>
  url.replace(/(signature=)(.)/i, (_all, name: string, first: string) => name + (first === "0" ? "1" : "0"));

/** Uploads files as a client does, using only responses of the API. */
export const createUploader = (app: TestApp, person: SignedIn) => {
  const create = async (body: Buffer, more: NewUpload = {}): Promise<Permit> => {
    const declared = {
      filename: "holiday.png",
      contentType: "image/png",
      bytes: body.length,
      kind: "IMAGE",
      ...more,
    };
    const response = await person.post("/v1/uploads").send(declared);
    if (response.status !== 201)
      throw new Error(`the upload was not created: ${response.status} ${response.text}`);
    return response.body as Permit;
  };
  const put = ({ method, url, headers }: Permit, body: Buffer, more: Record<string, string> = {}) =>
    fetch(new URL(url, app.url), {
      method,
      headers: { ...headers, ...more },
      body: new Uint8Array(body),
    });
  const complete = (id: string) => person.post(`/v1/uploads/${id}/complete`);
  return {
    create,
    put,
    complete,
    upload: async (body: Buffer, more?: NewUpload): Promise<string> => {
      const permit = await create(body, more);
      const { status } = await put(permit, body);
      if (status !== 200) throw new Error(`the file was not stored: ${status}`);
      const completed = await complete(permit.id);
      if (completed.status !== 202)
        throw new Error(`the upload was not completed: ${completed.status} ${completed.text}`);
      return permit.id;
    },
  };
};
