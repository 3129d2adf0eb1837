// A callback that failed: what the asking contract says when it is called again, and telling it again.

import { type FoundWallet, watchWallets } from "../../../client/src/chain/found.ts";
import { type Account, get, NodeError, type Network, type Readiness } from "../api.js";
import { h, show } from "../dom.js";
import { pause } from "../time.js";
import { sayWhy } from "../words.js";

interface Failed {
  requester: string;
  gas: number;
  /** Why it would fail again now; null where it would be delivered. */
  fault: string | null;
  retry: { to: string; data: `0x${string}` } | null;
}

const PATIENCE = 20_000;

/**
 * Why an asking contract could not be told, and a button for each wallet that may tell it.
 * @param again shows anew what changed
 */
export function failedCallback(
  account: Account,
  signal: AbortSignal,
  again: () => void,
): HTMLElement {
  const why = h("p", { class: "why" });
  const buttons = h("p", { class: "row" });
  const told = h("p", { role: "status" });
  const root = h(
    "div",
    { class: "notice callback" },
    h("p", {}, "The asking contract could not be told: its callback failed. The decision stands."),
    why,
    buttons,
    told,
  );
  const known: FoundWallet[] = [];
  let found: Failed | null = null;

  const settle = (): void => {
    if (!found) return;
    const { fault, retry } = found;
    show(
      why,
      fault
        ? `Called again now, ${fault}. When that is mended, anybody may have it told.`
        : "Called again now, it would take the decision: anybody may have it told.",
    );
    show(
      buttons,
      !fault && retry && known.length > 0
        ? known.map((wallet) => button(`Tell it with ${wallet.info.name}`, () => tell(wallet)))
        : button("Look again", look),
    );
  };
  const button = (text: string, act: () => Promise<void>): HTMLElement => {
    const made = h("button", { type: "button" }, text);
    made.addEventListener("click", async () => {
      made.disabled = true;
      show(told);
      try {
        await act();
      } catch (error) {
        if (!signal.aborted) show(told, h("span", { role: "alert" }, sayWhy(error)));
      } finally {
        made.disabled = false;
      }
    });
    return made;
  };
  const look = async (): Promise<void> => {
    const path = `/api/decisions/${account.subject}/callback`;
    try {
      found = await get<Failed>(path, { model: account.model.id }, signal);
    } catch (error) {
      // It has been told meanwhile.
      if (error instanceof NodeError && error.status === 409) return again();
      throw error;
    }
    settle();
  };
  const tell = async (wallet: FoundWallet): Promise<void> => {
    if (!found?.retry) return;
    const { network } = await get<Readiness>("/readyz", {}, signal, [503]);
    await send(wallet, found.retry, network, (words) => show(told, words));
    await untilTold(account, signal);
    again();
  };
  signal.addEventListener(
    "abort",
    watchWallets((wallet) => (known.push(wallet), settle())),
  );
  void look().catch(() => undefined);
  return root;
}

async function send(
  wallet: FoundWallet,
  retry: NonNullable<Failed["retry"]>,
  network: Network,
  tell: (words: string) => void,
): Promise<void> {
  const { sendWith } = await import("../ask/chain.js");
  await sendWith(wallet, network.chain_id, retry, tell);
}

/** Until the node has followed the block in which it was told. */
async function untilTold({ model, subject }: Account, signal: AbortSignal): Promise<void> {
  const until = Date.now() + PATIENCE;
  while (Date.now() < until) {
    const now = await get<Account>(`/api/decisions/${subject}`, { model: model.id }, signal);
    if (now.decision?.callback !== "failed") return;
    await pause(300);
  }
}
