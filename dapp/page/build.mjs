// The page, bundled into static files that the node serves: `node dapp/page/build.mjs`.
//
// Every file is written gzipped, named after its content; index.html alone keeps its name. What the
// files were made of is written beside them, so that a node started later can tell whether they are fresh.

import { build } from "esbuild-wasm";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const into = join(root, "oracle", "api", "static");
const runtime = join(root, "node_modules", "onnxruntime-web", "dist");
const WASM = "ort-wasm-simd-threaded.wasm";

const { outputFiles, metafile } = await build({
  absWorkingDir: root,
  entryPoints: { page: "dapp/page/src/main.ts" },
  outdir: into,
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  write: false,
  metafile: true,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  conditions: ["browser", "import"],
  logLevel: "warning",
  legalComments: "none",
});

await rm(into, { recursive: true, force: true });
await mkdir(into, { recursive: true });
const names = [];
for (const { path, contents } of outputFiles) {
  names.push(basename(path));
  await write(basename(path), contents);
}
const style = await named("page", ".css", await readFile(join(here, "page.css")));
const icon = await named("icon", ".svg", await readFile(join(here, "icon.svg")));
await write(WASM, await readFile(join(runtime, WASM)));

const script = names.find((name) => /^page-.*\.js$/.test(name));
const early = imports(script).map((name) => `<link rel="modulepreload" href="/page/${name}">`);
const html = (await readFile(join(here, "index.html"), "utf8"))
  .replace("%STYLE%", `/page/${style}`)
  .replace("%ICON%", `/page/${icon}`)
  .replace("%SCRIPT%", `/page/${script}`)
  .replace("%EARLY%", early.join(""));
await write("index.html", html);

async function write(name, bytes) {
  await writeFile(join(into, `${name}.gz`), gzipSync(bytes, { level: 9 }));
}

async function named(stem, ending, bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const name = `${stem}-${Buffer.from(digest).toString("hex").slice(0, 8)}${ending}`;
  await write(name, bytes);
  return name;
}

/** The chunks that the script needs at once, so that the browser asks for all in one go. */
function imports(script) {
  const known = Object.entries(metafile.outputs).map(([path, out]) => [basename(path), out]);
  const found = new Set();
  const visit = (name) => {
    const [, out] = known.find(([each]) => each === name);
    for (const { path, kind } of out.imports) {
      if (kind !== "import-statement" || found.has(basename(path))) continue;
      found.add(basename(path));
      visit(basename(path));
    }
  };
  visit(script);
  return [...found];
}
