// Asking on chain with the visitor's wallet: the request, its block, and what the contract named it.

import {
  type Address,
  bytesToHex,
  createPublicClient,
  custom,
  type Hex,
  type Log,
  parseEventLogs,
  type PublicClient,
  type TransactionReceipt,
} from "viem";

import { decisionContractAbi } from "../../../client/src/chain/abi.ts";
import { DecisionContract, type Wallet } from "../../../client/src/chain/contract.ts";
import type { FoundWallet } from "../../../client/src/chain/found.ts";
import { connectWallet } from "../../../client/src/chain/wallets.ts";
import { ChainError } from "../../../client/src/errors.ts";
import type { Model, Network } from "../api.js";
import { type Dapp, ensureDapp, newParcel, outcomeOf } from "./dapps.js";

export type Tell = (what: string) => void;

const POLL_MS = 700;
const PATIENCE_MS = 180_000;
const GWEI = 10n ** 9n;

/** A request on chain. */
export interface Request {
  readonly id: Hex;
  /** What the dApp that made it made of the decision; null where a wallet asked. */
  outcome(): Promise<string | null>;
}

/**
 * Ask as the wallet's account, or as a dApp of its own.
 * @throws {ChainError} the visitor declines, or the contract refuses
 */
export async function askOnChain(
  wallet: FoundWallet,
  model: Model,
  input: Uint8Array,
  { chain_id: chain, contract }: Network,
  dapp: Dapp | null,
  tell: Tell,
): Promise<Request> {
  const { signer, client } = await connected(wallet, chain, tell);
  const [modelId, address] = [model.id, contract as Address];
  if (!dapp) {
    tell("Confirm the request in the wallet; then its block is awaited.");
    const contract_ = new DecisionContract(client, address);
    const { requestId } = await contract_.request(signer, { modelId, input });
    return { id: requestId, outcome: () => Promise.resolve(null) };
  }
  const send = (to: Address, data: Hex, value: bigint) =>
    mined(client, signer, { to, data, value }, tell);
  const about = { contract: address, modelId, account: signer.account.address };
  const at = await ensureDapp(client, dapp, about, send, tell);
  const fee = BigInt(model.on_chain.fee_gwei ?? 0) * GWEI;
  const parcel = newParcel();
  const steps = dapp.steps(bytesToHex(input), fee, parcel);
  const made = [];
  for (const [place, { does, data, value }] of steps.entries()) {
    const of = steps.length > 1 ? ` (${place + 1} of ${steps.length})` : "";
    tell(`Confirm in the wallet: ${does}${of}.`);
    made.push(...(await send(at, data, value)).logs);
  }
  const id = requestIn(made, contract);
  const name = dapp.names === "parcel" ? parcel : id;
  return { id, outcome: () => outcomeOf(client, dapp, at, name) };
}

/**
 * Send a call with the wallet, and wait for its block.
 * @throws {ChainError} the visitor declines, or it is reverted
 */
export async function sendWith(
  wallet: FoundWallet,
  chain: number,
  { to, data }: { to: string; data: Hex },
  tell: Tell,
): Promise<void> {
  const { signer, client } = await connected(wallet, chain, tell);
  tell("Confirm in the wallet.");
  await mined(client, signer, { to: to as Address, data, value: 0n }, tell);
}

async function connected(
  wallet: FoundWallet,
  chain: number,
  tell: Tell,
): Promise<{ signer: Wallet; client: PublicClient }> {
  tell(`Waiting for ${wallet.info.name} …`);
  const signer = await connectWallet(wallet, chain);
  const transport = custom(wallet.provider);
  return { signer, client: createPublicClient({ transport, pollingInterval: POLL_MS }) };
}

async function mined(
  client: PublicClient,
  signer: Wallet,
  call: { to: Address; data: Hex; value: bigint },
  tell: Tell,
): Promise<TransactionReceipt> {
  const hash = await signer.sendTransaction({ ...call, chain: null });
  tell("Sent; waiting for its block …");
  const receipt = await client.waitForTransactionReceipt({ hash, timeout: PATIENCE_MS });
  if (receipt.status === "success") return receipt;
  throw new ChainError(`transaction ${hash} was reverted`, "see what the wallet says of it");
}

function requestIn(logs: Log[], contract: string): Hex {
  const asked = parseEventLogs({ abi: decisionContractAbi, logs, eventName: "DecisionRequested" });
  const made = asked.find((log) => log.address.toLowerCase() === contract.toLowerCase());
  if (made) return made.args.requestId;
  throw new ChainError("the dApp asked for nothing", "look at its transaction");
}
