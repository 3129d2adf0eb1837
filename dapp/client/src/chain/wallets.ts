// The wallets that a browser has (EIP-6963), each found by its own announcement.
//
// https://eips.ethereum.org/EIPS/eip-6963

import { type Account, type EIP1193Provider, type Hex, createWalletClient, custom } from "viem";

import { ChainError } from "../errors.ts";
import type { Wallet } from "./contract.ts";

/** A wallet that announced itself. */
export interface FoundWallet {
  info: { uuid: string; name: string; icon: string; rdns: string };
  provider: EIP1193Provider;
}

/**
 * Tells of each wallet once, now and when more are installed or unlocked.
 * @returns what stops it
 */
export function watchWallets(told: (wallet: FoundWallet) => void): () => void {
  const known = new Set<string>();
  const announced = (event: Event) => {
    const { detail } = event as CustomEvent<FoundWallet>;
    if (!detail?.info?.uuid || !detail.provider || known.has(detail.info.uuid)) return;
    known.add(detail.info.uuid);
    told(detail);
  };
  globalThis.addEventListener("eip6963:announceProvider", announced);
  globalThis.dispatchEvent(new Event("eip6963:requestProvider"));
  return () => globalThis.removeEventListener("eip6963:announceProvider", announced);
}

/** The wallets that announce themselves within a while. */
export async function findWallets(milliseconds = 200): Promise<FoundWallet[]> {
  const found: FoundWallet[] = [];
  const stop = watchWallets((wallet) => found.push(wallet));
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  stop();
  return found;
}

/**
 * Asks the visitor for an account of a wallet, on this chain.
 * @throws {ChainError} the visitor declines, or the wallet does not know the chain
 */
export async function connectWallet(wallet: FoundWallet, chainId: number): Promise<Wallet> {
  const { provider, info } = wallet;
  try {
    const [address] = (await provider.request({ method: "eth_requestAccounts" })) as Hex[];
    const wanted = `0x${chainId.toString(16)}` as Hex;
    if (Number(await provider.request({ method: "eth_chainId" })) !== chainId) {
      await provider.request({
        method: "wallet_switchEthereumChain",
        params: [{ chainId: wanted }],
      });
    }
    const account = { address: address!, type: "json-rpc" } as Account;
    return createWalletClient({ account, transport: custom(provider) }) as Wallet;
  } catch (error) {
    const { code, message } = error as { code?: number; message: string };
    if (code === 4902) {
      throw new ChainError(`${info.name} does not know chain ${chainId}`, "add it to the wallet");
    }
    throw new ChainError(
      code === 4001 ? `${info.name} was not allowed to connect` : `${info.name}: ${message}`,
      "allow it in the wallet, and try again",
      { cause: error },
    );
  }
}
