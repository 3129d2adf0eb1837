// Branch coverage for `hardhat test solidity --coverage`, which knows statements only: each condition of the contracts
// has to be seen true and seen false. Conditions are wrapped in a call that reports what they came to, on the way on
// which Hardhat's own coverage reports statements.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { conditionsOf } from "./conditions.js";

const require = createRequire(createRequire(import.meta.url).resolve("hardhat"));
const COVERAGE = require("@nomicfoundation/edr/coverage").getCoverageLibrary().filename;
const LIBRARY = "SeenConditions.sol";
const SOURCE = `// SPDX-License-Identifier: MIT
pragma solidity >=0.8.0;
import "${COVERAGE}";
library SeenConditions {
    function seen(bool outcome, uint256 whenFalse) internal pure returns (bool) {
        __NomicFoundationCoverage.sendHit(outcome ? whenFalse + 1 : whenFalse);
        return outcome;
    }
}
`;

/** @type {Map<string, {file: string, line: number, text: string}>} By the tag of its false outcome. */
const conditions = new Map();

/** Wraps the conditions of one file, of whose statements Hardhat has already marked each. */
export function wrapConditions(file, original, text) {
  const plain = conditionsOf(original);
  const marked = conditionsOf(text);
  if (plain.length !== marked.length)
    throw new Error(`${file}: the marks of statements made a condition`);
  let [wrapped, last] = ["", 0];
  marked.forEach(({ start, end }, place) => {
    const tag = tagOf(file, place);
    const { line, ...range } = plain[place];
    conditions.set(tag, { file, line, text: original.slice(range.start, range.end) });
    wrapped += `${text.slice(last, start)}SeenConditions.seen(${text.slice(start, end)}, 0x${tag})`;
    last = end;
  });
  return `${wrapped}${text.slice(last)}\nimport {SeenConditions} from "${LIBRARY}";\n`;
}

/** 31 bytes that name a condition, and one that is 0 where it is false and 1 where it is true. */
function tagOf(file, place) {
  return createHash("sha256").update(`${file} ${place}`).digest("hex").slice(0, 62) + "00";
}

/** What was never seen, by file; and how much there is. */
export function reckon(hits) {
  const files = new Map();
  for (const [tag, { file, line, text }] of conditions) {
    const of = files.get(file) ?? { all: 0, missed: [] };
    files.set(file, of);
    for (const outcome of [false, true]) {
      of.all += 1;
      if (!hits.has(outcome ? tag.slice(0, 62) + "01" : tag))
        of.missed.push({ line, text, outcome });
    }
  }
  return files;
}

async function hitsIn(folder) {
  const hits = new Set();
  for (const name of await readdir(folder)) {
    const counts = JSON.parse(await readFile(path.join(folder, name), "utf8"));
    Object.keys(counts).forEach((tag) => hits.add(tag));
  }
  return hits;
}

function report(files) {
  let [all, missed] = [0, 0];
  for (const [file, of] of [...files].sort()) {
    [all, missed] = [all + of.all, missed + of.missed.length];
    console.log(
      `${String(of.all - of.missed.length).padStart(4)} of ${String(of.all).padStart(3)}  ${file}`,
    );
    for (const { line, text, outcome } of of.missed) {
      console.log(`             line ${line}: never ${outcome}: ${text.replace(/\s+/g, " ")}`);
    }
  }
  console.log(`Branches of the contracts: ${all - missed} of ${all} taken`);
  if (missed !== 0) process.exitCode = 1;
}

/** @type {import("hardhat/types/plugins").HardhatPlugin} */
export const branches = {
  id: "branch-coverage",
  npmPackage: null,
  hookHandlers: {
    solidity: async () => ({
      default: async () => ({
        preprocessProjectFileBeforeBuilding: async (
          context,
          sourceName,
          fsPath,
          text,
          version,
          next,
        ) => {
          const marked = await next(context, sourceName, fsPath, text, version);
          if (marked === text) return marked; // no coverage, or not of this file
          return wrapConditions(path.relative(context.config.paths.root, fsPath), text, marked);
        },
        preprocessSolcInputBeforeBuilding: async (context, input, next) => {
          if (context.globalOptions.coverage) input.sources[LIBRARY] = { content: SOURCE };
          return await next(context, input);
        },
      }),
    }),
    test: async () => ({
      default: async () => ({
        onTestRunDone: async (context, id, next) => {
          await next(context, id);
          if (!context.globalOptions.coverage) return;
          const folder = path.join(context.config.paths.root, "coverage", "data", id);
          report(reckon(await hitsIn(folder)));
        },
      }),
    }),
  },
};
