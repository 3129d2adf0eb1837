// Mutation testing of the contracts: which changes of theirs would no Solidity test notice?
//
//     node tests/support/solidity/mutate.js [contracts/DecisionContract.sol …]
//
// All mutants are compiled at once (mutants.js). Each is held to more and more tests until one notices it. Survivors are
// listed; docs/testing.md explains those that are known. EVERY=7 takes each seventh mutant only.
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import config from "../../../hardhat.config.js";
import { LIBRARY, SOURCE, mutate } from "./mutants.js";

const ROOT = path.resolve(import.meta.dirname, "../../..");
/** Takes each n-th mutant only: a sample. */
const EVERY = Number(process.env.EVERY ?? 1);
/** Which tests to ask first. */
const NEAR = {
  "Sealed|TallyLib|SealLib|RoundSlot": "tests/contracts/{Sealed,Tally,Seal}*.t.sol",
  "AnchorLog|LeafLib|BatchLib": "tests/contracts/Anchor*.t.sol",
  "Quorum|MembersInCode|Committee|MemberSet": "tests/contracts/{Quorum,SealedVote}*.t.sol",
  Gateway: "tests/contracts/*Gateway*.t.sol",
  Feed: "tests/contracts/*Feed*.t.sol",
};
/** Enough for every test, and an end to a loop that a mutant made endless. */
const GAS = 1_000_000_000n;
const SKIPPED = [
  "contracts/interfaces/**",
  "contracts/types/**",
  "contracts/mocks/**",
  "contracts/examples/**",
];

const files = process.argv.slice(2);
if (files.length === 0)
  files.push(...globSync("contracts/**/*.sol", { cwd: ROOT, exclude: SKIPPED }).sort());

const mutants = [null];
const texts = new Map();
for (const file of files) {
  const made = mutate(readFileSync(path.join(ROOT, file), "utf8"), mutants.length);
  mutants.push(...made.mutants.map((mutant) => ({ file, ...mutant })));
  texts.set(path.join(ROOT, file), made.text);
}

const plugin = {
  id: "mutants",
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
        ) => await next(context, sourceName, fsPath, texts.get(fsPath) ?? text, version),
        preprocessSolcInputBeforeBuilding: async (context, input, next) => {
          input.sources[LIBRARY] = { content: SOURCE };
          return await next(context, input);
        },
      }),
    }),
  },
};
const { coverage: _, plugins: __, ...rest } = config;
const folder = path.join(ROOT, ".oracle", "mutation");
const hre = await createHardhatRuntimeEnvironment(
  {
    ...rest,
    plugins: [plugin],
    paths: { ...config.paths, artifacts: `${folder}/artifacts`, cache: `${folder}/cache` },
  },
  {},
  ROOT,
);
const profile = hre.config.test.solidity.profiles.default;
const { fuzz } = profile;

/** The names of the tests that fail while a mutant is on; 0 is none. */
async function failures(mutant, { runs, only }) {
  profile.coinbase = `0x${mutant.toString(16).padStart(40, "0")}`;
  profile.gasLimit = GAS;
  profile.fuzz = { ...fuzz, runs: runs ?? fuzz.runs };
  const { write } = process.stdout;
  process.stdout.write = (text, ...rest) => {
    rest.at(-1)?.();
    return true;
  };
  try {
    const outcome = await hre.tasks.getTask(["test", "solidity"]).run({
      testFiles: only ? globSync(only, { cwd: ROOT }) : [],
      noCompile: true,
      ...(runs ? { grepExclude: "invariant|test_gas" } : {}),
    });
    return new Set(
      (outcome.value ?? outcome.error).suiteResults.flatMap(({ id, testResults }) =>
        testResults
          .filter(({ status }) => status === "Failure")
          .map(({ name }) => `${id.name} ${name}`),
      ),
    );
  } finally {
    process.stdout.write = write;
  }
}

console.log(`${mutants.length - 1} mutants of ${files.length} files`);
await hre.tasks.getTask("build").run({ noTests: true, quiet: true });
const anyway = await failures(0, {});
console.log(`Fail without any mutant: ${[...anyway].join(", ") || "none"}`);

let [tried, caught] = [0, 0];
for (let number = 1; number < mutants.length; ++number) {
  if (number % EVERY !== 0) continue;
  const { file, line, was, is } = mutants[number];
  tried += 1;
  if (await isNoticed(number, file)) caught += 1;
  else
    console.log(
      `${number} survives: ${file}:${line}: ${oneLine(was)} → ${oneLine(is) || "(nothing)"}`,
    );
}
console.log(`${caught} of ${tried} mutants were noticed`);

/** By the tests of its contract with few runs, by all unit and fuzz tests, or by all as they are. */
async function isNoticed(number, file) {
  const only = Object.entries(NEAR).find(([name]) => new RegExp(name).test(file))?.[1];
  for (const how of [...(only ? [{ runs: 4, only }] : []), { runs: 16 }, {}]) {
    if (isNew(await failures(number, how))) return true;
  }
  return false;
}

function isNew(found) {
  return [...found].some((name) => !anyway.has(name));
}

function oneLine(text) {
  return text.replace(/\s+/g, " ");
}
