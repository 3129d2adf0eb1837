// The visitor's own way to the chain: a wallet's, or an RPC endpoint that they name.
//
// The page may talk to no host but the node's. An endpoint is let in by its origin in the page's own
// address (`/?rpc=`), which the node turns into one more allowed host; so naming one loads the page anew.

import { type FoundWallet, watchWallets } from "../../client/src/chain/found.ts";
import { h, show } from "./dom.js";

const STORE = "rpc";

/** One way to the chain. */
export type Connection = { readonly url: string } | FoundWallet;

/** A form in which the visitor chooses; what it is set to now. */
export function connectionForm(root: HTMLElement, signal: AbortSignal): () => Connection | null {
  const url = h("input", {
    id: "rpc-url",
    type: "url",
    placeholder: "https://…",
    value: localStorage.getItem(STORE) ?? "",
    pattern: "https?://.*",
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": "rpc-hint",
  });
  const choice = h("select", { id: "rpc-choice", onchange: () => settle() });
  const named = h("div", {}, h("label", { for: url.id }, "Its address"), url);
  const known: FoundWallet[] = [];

  const settle = (): void => {
    named.hidden = choice.value !== "url";
  };
  const fill = (): void => {
    const before = choice.value || "url";
    show(
      choice,
      h("option", { value: "url" }, "an RPC endpoint"),
      known.map(({ info }) => h("option", { value: info.uuid }, info.name)),
    );
    choice.value = [...choice.options].some(({ value }) => value === before) ? before : "url";
    settle();
  };
  fill();
  const stop = watchWallets((wallet) => (known.push(wallet), fill()));
  signal.addEventListener("abort", stop);
  show(
    root,
    h(
      "div",
      { class: "grid connection" },
      h("div", {}, h("label", { for: choice.id }, "Your connection to the chain"), choice),
      named,
    ),
    h(
      "p",
      { class: "quiet", id: "rpc-hint" },
      "Choose one that you trust; it is asked directly, not through this node. Without one, the chain is not checked.",
    ),
  );
  return () => {
    const wallet = known.find(({ info }) => info.uuid === choice.value);
    if (wallet) return wallet;
    if (!url.value || !url.reportValidity()) return null;
    localStorage.setItem(STORE, url.value);
    return { url: url.value };
  };
}

/** Whether the browser lets this page talk to an endpoint. */
export function isLetIn(url: string): boolean {
  const { origin } = new URL(url);
  return origin === location.origin || new URLSearchParams(location.search).get("rpc") === origin;
}

/** Load the page anew with an endpoint let in, at an address within it. */
export function letIn(url: string, hash: string): void {
  location.assign(`/?rpc=${encodeURIComponent(new URL(url).origin)}${hash}`);
}
