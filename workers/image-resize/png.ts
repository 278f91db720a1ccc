import { crc32, deflateSync } from "node:zlib";

/** Adds a colour profile (ICC) to a PNG that has none: PNG, 11.3.2.3. */
export const addProfile = (png: Buffer, icc: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from("iCCPICC\0\0"), deflateSync(icc)]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length - 4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([png.subarray(0, AFTER_HEADER), length, body, checksum, png.subarray(AFTER_HEADER)]);
};

/** The signature and the IHDR chunk come first. */
const AFTER_HEADER = 8 + 25;
