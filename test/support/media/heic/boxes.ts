/** A box of the ISO base media file format. Both buffers share the file's memory. */
interface Box {
  type: string;
  whole: Buffer;
  body: Buffer;
}

export const boxesOf = (content: Buffer): Box[] => {
  const boxes: Box[] = [];
  for (let at = 0; at + 8 <= content.length;) {
    const whole = content.subarray(at, at + content.readUInt32BE(at));
    boxes.push({ type: whole.toString("latin1", 4, 8), whole, body: whole.subarray(8) });
    at += whole.length;
  }
  return boxes;
};

/** The content of the box at this path. */
export const find = (file: Buffer, ...path: string[]): Buffer =>
  path.reduce((content, type) => {
    const found = boxesOf(content).find((each) => each.type === type);
    if (!found) throw new Error(`there is no box ${type}`);
    // A full box: version and flags come first.
    return type === "meta" ? found.body.subarray(4) : found.body;
  }, file);

export const box = (type: string, body: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(8 + body.length);
  return Buffer.concat([length, Buffer.from(type, "latin1"), body]);
};

/** The data of the only item of a file. */
export const itemOf = (file: Buffer): Buffer => Buffer.from(find(file, "mdat"));
