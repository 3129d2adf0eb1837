// The visitor's wallets, as they announce themselves (EIP-6963), and the provider each has (EIP-1193).

export interface Provider {
  request(call: { method: string; params?: readonly unknown[] }): Promise<unknown>;
}

export interface Wallet {
  /** Name, icon (a data: URI) and reverse domain, as the wallet gives them. */
  readonly info: { uuid: string; name: string; icon: string; rdns: string };
  readonly provider: Provider;
}

const found = new Map<string, Wallet>();
const listeners = new Set<() => void>();

addEventListener("eip6963:announceProvider", (event) => {
  const wallet = (event as CustomEvent<Wallet>).detail;
  if (!wallet?.info?.uuid || typeof wallet.provider?.request !== "function") return;
  found.set(wallet.info.uuid, wallet);
  for (const listener of listeners) listener();
});
dispatchEvent(new Event("eip6963:requestProvider"));

/** The wallets announced so far, and what to call when one more is; until the signal aborts. */
export function wallets(changed: () => void, signal: AbortSignal): readonly Wallet[] {
  listeners.add(changed);
  signal.addEventListener("abort", () => listeners.delete(changed));
  return [...found.values()];
}

/** What a wallet said when it refused, in a sentence. */
export function refusal(error: unknown): string {
  const said = (error ?? {}) as { code?: number; shortMessage?: string; message?: string };
  if (said.code === 4001) return "The request was declined in the wallet.";
  const words = said.shortMessage ?? said.message ?? String(error);
  return `The wallet answers: ${words.slice(0, 300)}`;
}
