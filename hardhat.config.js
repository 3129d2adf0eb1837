import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { defineConfig } from "hardhat/config";

const require = createRequire(import.meta.url);

// One source of compiler settings, read by the Python package's compiler too.
const { version, ...settings } = JSON.parse(
  readFileSync(new URL("./contracts/compiler.json", import.meta.url), "utf8"),
);

export default defineConfig({
  solidity: { version, settings, path: require.resolve("solc/soljson.js") },
  paths: {
    sources: "./contracts",
    tests: { solidity: "./tests/contracts" },
  },
  networks: {
    // Gas figures are published for this hardfork.
    default: { type: "edr-simulated", chainType: "l1", hardfork: "prague" },
  },
});
