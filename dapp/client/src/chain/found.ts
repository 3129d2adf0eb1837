// The wallets that a browser has (EIP-6963), each found by its own announcement.
//
// https://eips.ethereum.org/EIPS/eip-6963

import type { EIP1193Provider } from "viem";

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
