// Two of the example dApps, each asked in its own words. One is deployed for a model and an account at the
// first use, by CREATE2, at the address where the command line looks for it, too.

import {
  type Abi,
  type Address,
  concatHex,
  decodeFunctionResult,
  encodeDeployData,
  encodeFunctionData,
  getContractAddress,
  type Hex,
  type PublicClient,
} from "viem";

import { ChainError } from "../../../client/src/errors.ts";

import * as creditDesk from "../../../../oracle/chain/artifacts/CreditDesk.json";
import * as triageDesk from "../../../../oracle/chain/artifacts/TriageDesk.json";
import type { Model } from "../api.js";
import type { Wallet } from "../wallet.js";
import type { Tell } from "./chain.js";

const PROXY = "0x4e59b44847b379578588920cA78FbF26c0B4956C";
const SALT: Hex = `0x${"00".repeat(32)}`;
const LOAN = 10n ** 16n;

/** An example contract that asks, is called back, and acts on what it is told. */
export interface Dapp {
  readonly is: string;
  readonly asks: string;
  readonly abi: Abi;
  readonly bytecode: Hex;
  /** The view that tells what became of a request. */
  readonly outcome: string;
  readonly states: readonly string[];
  ask(features: Hex): Hex;
}

const CREDIT: Dapp = {
  is: "a lender",
  asks: "apply for a loan",
  abi: creditDesk.abi as Abi,
  bytecode: creditDesk.bytecode as Hex,
  outcome: "loanOf",
  states: ["unknown", "applied", "approved", "declined", "in review by a person"],
  ask: (features) => encode(CREDIT, "applyForLoan", [LOAN, features]),
};

const TRIAGE: Dapp = {
  is: "a clinic’s triage",
  asks: "admit a case",
  abi: triageDesk.abi as Abi,
  bytecode: triageDesk.bytecode as Hex,
  outcome: "queueOf",
  states: [
    "unknown",
    "waiting",
    "queued for a specialist",
    "queued as routine",
    "sent to a doctor",
  ],
  ask: (features) => encode(TRIAGE, "admit", [features]),
};

/** The example that fits a model; null where none does. */
export function dappFor(model: Model): Dapp | null {
  if (model.card.input.encoding !== "packed") return null;
  if (model.name.includes("credit")) return CREDIT;
  return model.kind === "class" ? TRIAGE : null;
}

/** The dApp's address; deployed by the account where it is not there yet. */
export async function ensureDapp(
  client: PublicClient,
  dapp: Dapp,
  about: { contract: Address; modelId: Hex; account: Address },
  send: (to: Address, data: Hex) => Promise<unknown>,
  tell: Tell,
): Promise<Address> {
  const args = [about.contract, about.modelId, about.account];
  const bytecode = encodeDeployData({ abi: dapp.abi, bytecode: dapp.bytecode, args });
  const address = getContractAddress({ opcode: "CREATE2", from: PROXY, salt: SALT, bytecode });
  if (await client.getCode({ address })) return address;
  tell(`Confirm in the wallet: deploy ${dapp.is} of your own, once.`);
  await send(PROXY, concatHex([SALT, bytecode]));
  if (await client.getCode({ address })) return address;
  throw new ChainError(`no contract came to be at ${address}`, "look at the transaction");
}

/** What the dApp made of the decision, in its own words. */
export async function outcomeOf(
  wallet: Wallet,
  dapp: Dapp,
  address: Address,
  requestId: Hex,
): Promise<string> {
  const call = { to: address, data: encode(dapp, dapp.outcome, [requestId]) };
  const data = (await wallet.provider.request({
    method: "eth_call",
    params: [call, "latest"],
  })) as Hex;
  const found = decodeFunctionResult({ abi: dapp.abi, functionName: dapp.outcome, data });
  const status = Array.isArray(found) ? found[found.length - 1] : found;
  return dapp.states[Number(status)] ?? `state ${String(status)}`;
}

function encode(dapp: Dapp, functionName: string, args: readonly unknown[]): Hex {
  return encodeFunctionData({ abi: dapp.abi, functionName, args });
}
