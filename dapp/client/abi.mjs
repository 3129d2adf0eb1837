// Writes src/chain/abi.ts: the decision contract's interface, typed, and the address that CREATE2 gives it; what an
// anchor log's code hashes to.
//
//     node dapp/client/abi.mjs            after the contracts changed and were compiled
//     node dapp/client/abi.mjs --check    whether the file is fresh

import { readFile, writeFile } from "node:fs/promises";
import { format, resolveConfig } from "prettier";
import { getContractAddress, keccak256, zeroHash } from "viem";

import { withoutImmutables } from "./src/chain/code.ts";

const ARTIFACTS = new URL("../../oracle/chain/artifacts/", import.meta.url);
const TARGET = new URL("src/chain/abi.ts", import.meta.url);
const PROXY = "0x4e59b44847b379578588920cA78FbF26c0B4956C"; // the deterministic deployment proxy

const { abi, bytecode } = await artifact("DecisionContract");
const address = getContractAddress({ opcode: "CREATE2", from: PROXY, salt: zeroHash, bytecode });
const log = await artifact("AnchorLog");
const anchorLog = {
  hash: keccak256(withoutImmutables(log.deployedBytecode, log.immutableReferences)),
  immutables: log.immutableReferences,
};
const bare = JSON.stringify(abi.filter(({ type }) => type !== "constructor").map(plain));
const text = await format(
  `// Written by dapp/client/abi.mjs from the compiled contract; do not edit.

/** Where the decision contract is, on every chain: CREATE2 computes it from the bytecode. */
export const DECISION_CONTRACT = "${address}";

/** What the code of an anchor log hashes to with its immutables zeroed, and where these stand in it. */
export const ANCHOR_LOG_CODE = ${JSON.stringify(anchorLog)} as const;

export const decisionContractAbi = ${bare} as const;
`,
  { parser: "typescript", ...(await resolveConfig(TARGET)) },
);
if (!process.argv.includes("--check")) {
  await writeFile(TARGET, text);
} else if ((await readFile(TARGET, "utf8")) !== text) {
  console.error("dapp/client/src/chain/abi.ts is stale: run `node dapp/client/abi.mjs`");
  process.exit(1);
}

async function artifact(name) {
  return JSON.parse(await readFile(new URL(`${name}.json`, ARTIFACTS), "utf8"));
}

/** An entry without what the compiler adds for its own use. */
function plain(entry) {
  const { internalType: _, ...rest } = entry;
  for (const list of ["inputs", "outputs", "components"]) {
    if (rest[list]) rest[list] = rest[list].map(plain);
  }
  return rest;
}
