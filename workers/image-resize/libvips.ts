import sharp from "sharp";

// Blocks all other loaders of libvips in this process, such as SVG, PDF and TIFF.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: ["Jpeg", "Png", "Webp", "Heif", "Nsgif"].map((name) => `VipsForeignLoad${name}Buffer`),
});
// No image is opened twice. One thread per step leaves the others to other steps.
sharp.cache(false);
sharp.concurrency(1);

/** sharp, restricted to the supported formats. */
export { sharp };
