// A wallet that was found, asked for an account on the right chain.

import { type Account, type Hex, createWalletClient, custom } from "viem";

import { ChainError } from "../errors.ts";
import type { Wallet } from "./contract.ts";
import type { FoundWallet } from "./found.ts";

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
