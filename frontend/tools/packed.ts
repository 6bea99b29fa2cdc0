// Leaves every text file of a build also in brotli and gzip, beside it as `NAME.br` and `NAME.gz`: the server hands these out as they are
// and compresses nothing. A file that packs badly, as fonts do, stays alone.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

/** What a packed file must at least save to be worth its place in the binary. */
const WORTH = 0.9;
const SMALLEST_BYTES = 256;

const packers = {
  br: (plain: Buffer) =>
    promisify(brotliCompress)(plain, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
      },
    }),
  gz: (plain: Buffer) => promisify(gzip)(plain, { level: constants.Z_BEST_COMPRESSION }),
};

async function pack(file: string): Promise<void> {
  const plain = await readFile(file);
  if (plain.length < SMALLEST_BYTES) return;
  const packed = Object.entries(packers).map(async ([ending, packer]) => {
    const bytes = await packer(plain);
    if (bytes.length < plain.length * WORTH) await writeFile(`${file}.${ending}`, bytes);
  });
  await Promise.all(packed);
}

export function packed(): Plugin {
  return {
    name: "packed",
    apply: "build",
    async writeBundle({ dir }, bundle) {
      const folder = dir ?? "dist";
      await Promise.all(Object.keys(bundle).map((name) => pack(path.join(folder, name))));
    },
  };
}
