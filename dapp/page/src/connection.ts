// The visitor's own way to the chain: a wallet's, or an RPC endpoint that they name.
//
// The page may talk to no host but the node's. An endpoint is let in by its origin in the page's own
// address (`/?rpc=`), which the node turns into one more allowed host; so naming one loads the page anew.

import { h, show } from "./dom.js";
import { type Wallet, wallets } from "./wallet.js";

const STORE = "rpc";
const PATIENCE = 15_000;

/** One way to the chain. */
export interface Connection {
  /** For people: the wallet's name, or the endpoint's host. */
  readonly name: string;
  /** Of an endpoint; a wallet has none. */
  readonly url?: string;
  request(method: string, params: readonly unknown[]): Promise<unknown>;
}

export class Unreachable extends Error {}

/** An RPC endpoint of the visitor's. */
export function endpoint(url: string): Connection {
  const request = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    let reply: Response;
    try {
      reply = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
        signal: AbortSignal.timeout(PATIENCE),
      });
    } catch {
      throw new Unreachable(`${new URL(url).host} does not answer`);
    }
    const said = (await reply.json().catch(() => null)) as Answer | null;
    if (!said) throw new Unreachable(`${new URL(url).host} answers ${reply.status}, without JSON`);
    if (said.error) throw new Error(said.error.message ?? "an error without words");
    return said.result;
  };
  return { name: new URL(url).host, url, request };
}

/** A wallet's connection. */
export function through({ info, provider }: Wallet): Connection {
  return { name: info.name, request: (method, params) => provider.request({ method, params }) };
}

interface Answer {
  result?: unknown;
  error?: { message?: string };
}

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
  let known: readonly Wallet[] = [];

  const settle = (): void => {
    named.hidden = choice.value !== "url";
  };
  const fill = (): void => {
    known = wallets(fill, signal);
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
    if (wallet) return through(wallet);
    if (!url.value) return null;
    if (!url.reportValidity()) return null;
    localStorage.setItem(STORE, url.value);
    return endpoint(url.value);
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
