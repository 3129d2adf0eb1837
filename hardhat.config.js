import { globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { defineConfig } from "hardhat/config";
import { branches } from "./tests/support/solidity/branches.js";

const require = createRequire(import.meta.url);
const root = import.meta.dirname;

// One source of compiler settings, read by the Python package's compiler too.
const { version, ...settings } = JSON.parse(
  readFileSync(`${root}/contracts/compiler.json`, "utf8"),
);
const path = require.resolve("solc/soljson.js");

// The tests themselves need no optimiser: they deploy the contracts' own artifacts (`vm.getCode`), so what is tested
// is what is shipped, and they compile in a fraction of the time.
const testSettings = { ...settings, viaIR: false, optimizer: { enabled: false } };
const tests = globSync("tests/contracts/**/*.sol", { cwd: root });

// Instrumented contracts are kept apart: nothing else may take them for what is shipped.
const built = process.argv.includes("--coverage") ? "./.oracle/coverage/" : "./";

const shared = {
  blockTimestamp: 1_900_000_000n,
  fsPermissions: {
    readFile: [
      "tests/vectors/merkle.json",
      "tests/vectors/prediction.json",
      "tests/vectors/seal.json",
      "tests/vectors/tally.json",
    ],
  },
};
const walks = Number(process.env.RUNS ?? 256);
const seed = process.env.SEED;

export default defineConfig({
  plugins: [branches],
  coverage: { skipFiles: ["contracts/mocks/**"] },
  solidity: {
    splitTestsCompilation: true,
    compilers: [{ version, settings, path }],
    overrides: Object.fromEntries(
      tests.map((name) => [name, { version, settings: testSettings, path }]),
    ),
  },
  paths: {
    sources: "./contracts",
    tests: { solidity: "./tests/contracts" },
    artifacts: `${built}artifacts`,
    cache: `${built}cache`,
  },
  networks: {
    // Gas figures are published for this hardfork.
    default: { type: "edr-simulated", chainType: "l1", hardfork: "prague" },
  },
  test: {
    solidity: {
      profiles: {
        // The same inputs and walks every time.
        default: {
          ...shared,
          fuzz: { runs: 256 },
          invariant: { runs: 24, depth: 128, failOnRevert: true },
        },
        // `make fuzz`: others, and more of them.
        long: {
          ...shared,
          fuzz: { runs: 20 * walks, seed },
          invariant: { runs: walks, depth: 512, failOnRevert: true },
        },
      },
    },
  },
});
