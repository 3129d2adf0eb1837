// Where the decision contract is: at the same address on every chain, since CREATE2 computes it from the bytecode.

import { readFile } from "node:fs/promises";
import { utils } from "web3";

import { ChainError } from "./client/src/errors.ts";

const DEPLOYER = "0x4e59b44847b379578588920cA78FbF26c0B4956C"; // the deterministic deployment proxy
const SALT = "00".repeat(32);
const ARTIFACT = new URL("../oracle/chain/artifacts/DecisionContract.json", import.meta.url);
const NOBODY = "0x" + "00".repeat(20);

/**
 * ABI and address of the decision contract on the chain that `web3` is connected to.
 * @param {import("web3").Web3} web3
 * @returns {Promise<{contractABI: object[], contractAddress: string}>}
 * @throws {ChainError} no chain answers, or it lacks the contract
 */
export async function decisionContract(web3) {
  const { abi: contractABI, bytecode } = JSON.parse(await readFile(ARTIFACT, "utf8"));
  const contractAddress = create2(bytecode);
  const chainId = await web3.eth.getChainId().catch(() => {
    throw new ChainError(
      `no chain answers at ${new URL(web3.currentProvider.clientUrl).host}`,
      "start one with `oracle up`, or give the URL of yours as the argument",
    );
  });
  if ((await web3.eth.getCode(contractAddress)) === "0x") {
    throw new ChainError(
      `chain ${chainId} has no decision contract at ${contractAddress}`,
      "run `oracle deploy` for this chain, or `oracle up` for a local one",
    );
  }
  return { contractABI, contractAddress };
}

/**
 * The address that the contract trusts for a model, if this node signs for it.
 * @param {import("web3").Contract} contract
 * @param {string} modelId
 * @param {string[]} accounts those that the RPC node signs for
 * @returns {Promise<string>}
 * @throws {ChainError} the model is not registered, or its operator's key is elsewhere
 */
export async function operatorOf(contract, modelId, accounts) {
  const { attestor } = await contract.methods.modelOf(modelId).call();
  if (attestor === NOBODY) {
    throw new ChainError(`model ${modelId} is not registered`, "run `oracle deploy`");
  }
  if (accounts.some((account) => account.toLowerCase() === attestor.toLowerCase())) return attestor;
  throw new ChainError(
    `the model's operator ${attestor} is no account of this RPC node`,
    "run against a local chain (`oracle up`), or add the operator's key to the web3 wallet",
  );
}

function create2(initCode) {
  const seed = `0xff${DEPLOYER.slice(2)}${SALT}${utils.keccak256(initCode).slice(2)}`;
  return utils.toChecksumAddress("0x" + utils.keccak256(seed).slice(-40));
}
