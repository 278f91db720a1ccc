import { expect, test } from "vitest";
import { render } from "./colours.ts";
import type { Colours } from "./probe.ts";

const hd = { width: 1_280, height: 720 };
const sd = { width: 720, height: 480 };
const plain: Colours = {
  ...{ pixels: "yuv420p", range: undefined },
  ...{ matrix: undefined, primaries: undefined, transfer: undefined },
};

const tagsOf = (size: typeof hd, change: Partial<Colours> = {}) => {
  const { options } = render({ ...size, colours: { ...plain, ...change } }, size, "video");
  return options.filter((_, index) => index % 2 === 1).join(" ");
};

test("tags an untagged source with what players assume", () => {
  expect(tagsOf(hd)).toBe("1 1 1 tv");
  expect(tagsOf(sd)).toBe("6 6 6 tv");
  expect(tagsOf({ width: 720, height: 576 })).toBe("5 5 6 tv");
  expect(tagsOf({ width: 1_280, height: 536 })).toBe("1 1 1 tv");
  expect(tagsOf(sd, { pixels: "rgb24" })).toBe("1 1 1 tv");
});

test("keeps the tags of a source", () => {
  expect(tagsOf(sd, { matrix: "bt709", primaries: "bt709", transfer: "iec61966-2-1" })).toBe("1 1 13 tv");
  expect(tagsOf(hd, { matrix: "smpte170m", primaries: "bt470bg", transfer: "smpte170m" })).toBe("6 5 6 tv");
  expect(tagsOf(hd, { matrix: "ycgco", primaries: "weird", transfer: "log100" })).toBe("1 1 1 tv");
});

test("reduces full range", () => {
  for (const colours of [{ range: "pc" }, { pixels: "yuvj420p" }])
    expect(render({ ...hd, colours: { ...plain, ...colours } }, hd, "video").filters[0]).toContain(
      "in_range=pc:out_color_matrix=bt709:out_range=tv",
    );
});

test.each([
  ["HDR10", { matrix: "bt2020nc", primaries: "bt2020", transfer: "smpte2084" }, true],
  ["HLG without primaries", { transfer: "arib-std-b67" }, true],
  ["BT.2020 in SDR", { matrix: "bt2020nc", primaries: "bt2020", transfer: "bt2020-10" }, false],
  ["P3", { matrix: "bt709", primaries: "smpte432", transfer: "bt709" }, false],
])("converts %s to BT.709", (_, colours, isHdr) => {
  const { filters, options } = render({ ...hd, colours: { ...plain, ...colours } }, hd, "video");
  expect(filters.join(",")).toContain("zscale=t=bt709:m=bt709:r=limited");
  expect(filters.some((each) => each.startsWith("tonemap"))).toBe(isHdr);
  expect(options).toContain("-colorspace");
  expect(tagsOf(hd, colours)).toBe("1 1 1 tv");
});

test("a JPEG has the matrix of BT.601, and no tags", () => {
  const { filters, options } = render({ ...hd, colours: plain }, sd, "jpeg");
  expect(filters.join(",")).toBe(
    "scale=720:480:in_color_matrix=bt709:in_range=tv,format=rgb24,scale=out_color_matrix=bt601:out_range=pc,setsar=1,format=yuvj420p",
  );
  expect(options).toEqual([]);
});
