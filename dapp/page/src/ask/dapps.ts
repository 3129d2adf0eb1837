// The example dApps, each asked in its own words. One is deployed for a model and an account at the first use,
// by CREATE2, at the address where the command line looks for it, too. The account plays every part.

import {
  type Abi,
  type Address,
  bytesToHex,
  concatHex,
  encodeDeployData,
  encodeFunctionData,
  getContractAddress,
  type Hex,
  type PublicClient,
} from "viem";

import { ChainError } from "../../../client/src/errors.ts";

import * as creditDesk from "../../../../oracle/chain/artifacts/CreditDesk.json";
import * as deliveryCover from "../../../../oracle/chain/artifacts/DeliveryCover.json";
import * as triageDesk from "../../../../oracle/chain/artifacts/TriageDesk.json";
import type { Model } from "../api.js";
import type { Tell } from "./chain.js";

const PROXY = "0x4e59b44847b379578588920cA78FbF26c0B4956C";
const SALT: Hex = `0x${"00".repeat(32)}`;
const FINNEY = 10n ** 15n;
const LOAN = 10n * FINNEY;
const [PREMIUM, PAYOUT] = [FINNEY, 5n * FINNEY];

/** One transaction of asking, and what it does. */
export interface Step {
  readonly does: string;
  readonly data: Hex;
  /** Wei that go along. */
  readonly value: bigint;
}

/** An example contract that asks, is called back, and acts on what it is told. */
export interface Dapp {
  readonly is: string;
  readonly asks: string;
  readonly abi: Abi;
  readonly bytecode: Hex;
  /** What its constructor takes besides contract, model and account; and wei that it is given. */
  readonly terms: readonly bigint[];
  readonly capital: bigint;
  /** The view that tells what became of a case. */
  readonly outcome: string;
  readonly states: readonly string[];
  /** The transactions, the last of which asks; `fee` is the model's, `parcel` a fresh name. */
  steps(features: Hex, fee: bigint, parcel: Hex): Step[];
  /** What it calls a case: by the request, or by the parcel. */
  readonly names: "request" | "parcel";
}

const CREDIT: Dapp = {
  is: "a lender",
  asks: "apply for a loan",
  abi: creditDesk.abi as Abi,
  bytecode: creditDesk.bytecode as Hex,
  terms: [],
  capital: 10n * LOAN,
  outcome: "loanOf",
  states: ["unknown", "applied", "approved", "declined", "in review by a person"],
  steps: (features, fee) => [
    {
      does: "apply for a loan",
      data: encode(CREDIT, "applyForLoan", [LOAN, features]),
      value: fee,
    },
  ],
  names: "request",
};

const TRIAGE: Dapp = {
  is: "a clinic’s triage",
  asks: "admit a case",
  abi: triageDesk.abi as Abi,
  bytecode: triageDesk.bytecode as Hex,
  terms: [],
  capital: 0n,
  outcome: "queueOf",
  states: [
    "unknown",
    "waiting",
    "queued for a specialist",
    "queued as routine",
    "sent to a doctor",
  ],
  steps: (features, fee) => [
    { does: "admit the case", data: encode(TRIAGE, "admit", [features]), value: fee },
  ],
  names: "request",
};

const COVER: Dapp = {
  is: "a delivery cover",
  asks: "insure a parcel and report how it travels",
  abi: deliveryCover.abi as Abi,
  bytecode: deliveryCover.bytecode as Hex,
  terms: [PREMIUM, PAYOUT],
  capital: 10n * PAYOUT,
  outcome: "coverOf",
  states: [
    "unknown",
    "active: a person looks at it",
    "asked",
    "paid, the parcel is late",
    "closed, the parcel is on time",
  ],
  steps: (features, fee, parcel) => [
    { does: "buy cover for a parcel", data: encode(COVER, "buy", [parcel]), value: PREMIUM },
    {
      does: "report how it travels",
      data: encode(COVER, "report", [parcel, features]),
      value: fee,
    },
  ],
  names: "parcel",
};

/** The example that fits a model; null where none does. */
export function dappFor(model: Model): Dapp | null {
  if (model.card.input.encoding !== "packed") return null;
  if (model.name.includes("credit")) return CREDIT;
  if (model.name.includes("deliver")) return COVER;
  return model.kind === "class" ? TRIAGE : null;
}

/** The dApp's address; deployed by the account where it is not there yet. */
export async function ensureDapp(
  client: PublicClient,
  dapp: Dapp,
  about: { contract: Address; modelId: Hex; account: Address },
  send: (to: Address, data: Hex, value: bigint) => Promise<unknown>,
  tell: Tell,
): Promise<Address> {
  const args = [about.contract, about.modelId, about.account, ...dapp.terms];
  const bytecode = encodeDeployData({ abi: dapp.abi, bytecode: dapp.bytecode, args });
  const address = getContractAddress({ opcode: "CREATE2", from: PROXY, salt: SALT, bytecode });
  if (await client.getCode({ address })) return address;
  tell(`Confirm in the wallet: deploy ${dapp.is} of your own, once.`);
  await send(PROXY, concatHex([SALT, bytecode]), dapp.capital);
  if (await client.getCode({ address })) return address;
  throw new ChainError(`no contract came to be at ${address}`, "look at the transaction");
}

/** A fresh name for a parcel. */
export function newParcel(): Hex {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(32)));
}

/** What the dApp made of the decision, in its own words. */
export async function outcomeOf(
  client: PublicClient,
  dapp: Dapp,
  address: Address,
  name: Hex,
): Promise<string> {
  const { abi, outcome: functionName, states } = dapp;
  const found = await client.readContract({ address, abi, functionName, args: [name] });
  const status = Array.isArray(found) ? (found.at(-1) as unknown) : found;
  return states[Number(status)] ?? `state ${String(status)}`;
}

function encode(dapp: Dapp, functionName: string, args: readonly unknown[]): Hex {
  return encodeFunctionData({ abi: dapp.abi, functionName, args });
}
