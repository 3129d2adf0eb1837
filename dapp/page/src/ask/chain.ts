// Asking on chain with the visitor's wallet: the request, its block, and what the contract named it.

import {
  type Address,
  bytesToHex,
  createPublicClient,
  custom,
  type Hex,
  parseEventLogs,
} from "viem";

import { decisionContractAbi } from "../../../client/src/chain/abi.ts";
import { DecisionContract } from "../../../client/src/chain/contract.ts";
import { connectWallet, type FoundWallet } from "../../../client/src/chain/wallets.ts";
import { ChainError } from "../../../client/src/errors.ts";
import type { Model, Readiness } from "../api.js";
import type { Wallet } from "../wallet.js";
import { type Dapp, ensureDapp } from "./dapps.js";

export type Tell = (what: string) => void;

const POLL_MS = 700;
const PATIENCE_MS = 180_000;
const GWEI = 10n ** 9n;

/** A request on chain, and the dApp that made it, where one did. */
export interface Request {
  readonly id: Hex;
  readonly dapp: Address | null;
}

/**
 * Ask as the wallet's account, or as a dApp of its own.
 * @throws {ChainError} the visitor declines, or the contract refuses
 */
export async function askOnChain(
  wallet: Wallet,
  model: Model,
  input: Uint8Array,
  { chain_id: chain, contract }: Readiness["network"],
  dapp: Dapp | null,
  tell: Tell,
): Promise<Request> {
  tell(`Waiting for ${wallet.info.name} …`);
  const found = wallet as FoundWallet;
  const signer = await connectWallet(found, chain);
  const client = createPublicClient({
    transport: custom(found.provider),
    pollingInterval: POLL_MS,
  });
  const [modelId, address] = [model.id as Hex, contract as Address];
  if (!dapp) {
    tell("Confirm the request in the wallet; then its block is awaited.");
    const contract_ = new DecisionContract(client, address);
    const { requestId } = await contract_.request(signer, { modelId, input });
    return { id: requestId, dapp: null };
  }
  const send = async (to: Address, data: Hex, value = 0n) => {
    const hash = await signer.sendTransaction({ to, data, value, chain: null });
    tell("Sent; waiting for its block …");
    const receipt = await client.waitForTransactionReceipt({ hash, timeout: PATIENCE_MS });
    if (receipt.status === "success") return receipt;
    throw new ChainError(`transaction ${hash} was reverted`, "see what the wallet says of it");
  };
  const about = { contract: address, modelId, account: signer.account.address };
  const at = await ensureDapp(client, dapp, about, send, tell);
  tell(`Confirm in the wallet: ${dapp.asks}.`);
  const fee = BigInt(model.on_chain.fee_gwei ?? 0) * GWEI;
  const { logs } = await send(at, dapp.ask(bytesToHex(input)), fee);
  const asked = parseEventLogs({ abi: decisionContractAbi, logs, eventName: "DecisionRequested" });
  const made = asked.find((log) => log.address.toLowerCase() === contract.toLowerCase());
  if (!made) throw new ChainError("the dApp asked for nothing", "look at its transaction");
  return { id: made.args.requestId, dapp: at };
}
