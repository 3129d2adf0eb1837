// Asking on chain with the visitor's wallet: the request, its block, and what the contract named it.

import { type Hex, bytesToHex, numberToHex } from "viem";

import { calldata, events, type Fields, type Log, view } from "../abi.js";
import type { Model, Readiness } from "../api.js";
import { type Connection, through } from "../connection.js";
import { pause } from "../time.js";
import { type Wallet } from "../wallet.js";
import { type Dapp, ensureDapp } from "./dapps.js";

export type Tell = (what: string) => void;

/** The request could not be made, and why. */
export class NotAsked extends Error {}

export interface Request {
  readonly id: string;
  readonly account: string;
  readonly hash: string;
}

interface Receipt {
  status: Hex;
  logs: Log[];
}

const LIFETIME = 3600;
const POLL_MS = 700;
const PATIENCE_MS = 180_000;

/** Ask as the wallet's account, or as a dApp of its own. */
export async function askOnChain(
  wallet: Wallet,
  model: Model,
  input: Uint8Array,
  { chain_id: chain, contract }: Readiness["network"],
  dapp: Dapp | null,
  tell: Tell,
): Promise<Request & { dapp: string | null }> {
  const connection = through(wallet);
  tell(`Waiting for ${wallet.info.name} …`);
  const accounts = (await connection.request("eth_requestAccounts", [])) as string[];
  const account = accounts[0];
  if (!account) throw new NotAsked("the wallet shows no account; unlock it");
  await onChain(connection, chain);
  const features = bytesToHex(input);
  const value = numberToHex(BigInt(model.on_chain.fee_gwei ?? 0) * 10n ** 9n);
  const send = (to: string, data: Hex, wei: Hex = "0x0"): Promise<[Receipt, string]> =>
    sent(connection, { from: account, to, data, value: wei }, tell);

  let receipt: Receipt;
  let hash: string;
  let at: string | null = null;
  if (dapp) {
    at = await ensureDapp(connection, dapp, { contract, modelId: model.id, account }, send, tell);
    tell(`Confirm in the wallet: ${dapp.asks}.`);
    [receipt, hash] = await send(at, dapp.ask(features), value);
  } else {
    const deadline = await deadlineOn(connection, contract, model.id);
    tell("Confirm the request in the wallet.");
    const data = calldata("contract", "requestDecision", [model.id, features, 0, deadline]);
    [receipt, hash] = await send(contract, data, value);
  }
  const made = events(receipt.logs, contract).find(({ name }) => name === "DecisionRequested");
  if (!made) throw new NotAsked(`transaction ${hash} asked for nothing`);
  return { id: String(made.args["requestId"]), account, hash, dapp: at };
}

/** Have the wallet on the node's chain. */
async function onChain(connection: Connection, chain: number): Promise<void> {
  const wanted = numberToHex(chain);
  if (Number(await connection.request("eth_chainId", [])) === chain) return;
  await connection.request("wallet_switchEthereumChain", [{ chainId: wanted }]);
  const now = Number(await connection.request("eth_chainId", []));
  if (now !== chain) throw new NotAsked(`the wallet is on chain ${now}; change it to ${chain}`);
}

/** An hour from the chain's now, or the last second before the model's rules change. */
async function deadlineOn(from: Connection, contract: string, modelId: string): Promise<number> {
  const block = (await from.request("eth_getBlockByNumber", ["pending", false])) as Fields | null;
  const model = await view<{ paused: boolean; changeAt: number }>(
    from,
    "contract",
    contract,
    "modelOf",
    [modelId],
  );
  if (model.paused) throw new NotAsked("the model is paused by its owner");
  const latest =
    block ?? ((await from.request("eth_getBlockByNumber", ["latest", false])) as Fields);
  const hour = Number(latest["timestamp"]) + LIFETIME;
  return model.changeAt ? Math.min(hour, model.changeAt) : hour;
}

async function sent(
  connection: Connection,
  transaction: { from: string; to: string; data: Hex; value: Hex },
  tell: Tell,
): Promise<[Receipt, string]> {
  const hash = String(await connection.request("eth_sendTransaction", [transaction]));
  tell("Sent; waiting for its block …");
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const receipt = (await connection.request("eth_getTransactionReceipt", [
      hash,
    ])) as Receipt | null;
    if (receipt && Number(receipt.status) === 1) return [receipt, hash];
    if (receipt) throw new NotAsked(`transaction ${hash} was reverted by the contract`);
    await pause(POLL_MS);
  }
  throw new NotAsked(`transaction ${hash} is in no block yet; the wallet tells what became of it`);
}
