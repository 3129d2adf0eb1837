// *Ask for a decision*: a form from the card, sent with the visitor's wallet or through the node.

import { type FoundWallet, watchWallets } from "../../../client/src/chain/found.ts";
import { askOnChain } from "../ask/chain.js";
import { dappFor, type Dapp } from "../ask/dapps.js";
import { encode, type InputForm, inputForm, InvalidInput } from "../ask/input.js";
import {
  access,
  type Account,
  get,
  type Model,
  type ModelLine,
  modelOf,
  NodeError,
  post,
  type Readiness,
} from "../api.js";
import { type Child, h, section, show } from "../dom.js";
import { isKeyNeeded } from "../key.js";
import { live } from "../live.js";
import { fee } from "../numbers.js";
import { pause } from "../time.js";
import { decisionHref, type Place, title } from "../view.js";
import { badge, capital, meaningOf, saying, sayWhy } from "../words.js";
import { failedCallback } from "./callback.js";

const WAIT = 20;
const OVER = new Set(["final", "expired", "refused"]);

/** The form for one model, after the choice of it. */
export async function showAsk(
  root: HTMLElement,
  { args: [name = ""], signal }: Place,
): Promise<void> {
  const { models } = await get<{ models: ModelLine[] }>("/api/models", {}, signal);
  const chosen = name || models[0]?.name;
  title("Ask for a decision");
  const head = h("h1", {}, "Ask for a decision");
  if (!chosen)
    return show(root, head, h("p", { class: "empty quiet" }, "This node serves no model."));
  const [model, network] = await Promise.all([modelOf(chosen), live.network()]);
  const choice = h(
    "select",
    { id: "ask-model" },
    models.map((each) =>
      h("option", { value: each.name, selected: each.name === chosen }, each.title),
    ),
  );
  choice.addEventListener(
    "change",
    () => (location.hash = `#/ask/${encodeURIComponent(choice.value)}`),
  );
  show(
    root,
    head,
    h("p", { class: "lead" }, model.description),
    h("div", { class: "filters" }, h("div", {}, h("label", { for: choice.id }, "Model"), choice)),
    askForm(model, network?.currency, signal),
  );
}

type Way = "wallet" | "dapp" | "node";

function askForm(model: Model, currency: string | undefined, signal: AbortSignal): HTMLElement {
  const input = inputForm(model);
  const dapp = dappFor(model);
  const ways = waysOf(model, dapp, currency, signal);
  const outcome = h("div", { id: "outcome", role: "status", "aria-live": "polite" });
  const send = h("button", { class: "main", type: "submit", id: "send" }, "Ask");
  const example = h(
    "button",
    { type: "button", id: "example", onclick: () => input.example() },
    "Fill in an example",
  );
  const form = h(
    "form",
    { class: "card", novalidate: false },
    h("fieldset", {}, h("legend", {}, "What is it about?"), input.fields),
    ways.fields,
    h("p", { class: "row" }, send, model.example !== null && example),
    outcome,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send.disabled = true;
    void ask(model, input, ways, dapp, outcome, signal).finally(() => (send.disabled = false));
  });
  return form;
}

interface Ways {
  readonly fields: HTMLElement;
  way(): Way;
  wallet(): FoundWallet | null;
}

function waysOf(
  model: Model,
  dapp: Dapp | null,
  currency: string | undefined,
  signal: AbortSignal,
): Ways {
  const cost = fee(model.on_chain.fee_gwei, currency);
  const wallet = h("select", { id: "wallet" });
  const key = h("input", {
    id: "key",
    type: "password",
    autocomplete: "off",
    placeholder: "only where the node asks for one",
    value: access.key,
    oninput: () => (access.key = key.value.trim()),
  });
  const none = h(
    "p",
    { class: "quiet" },
    "No wallet has announced itself to this page. Install one, or unlock it and load the page again.",
  );
  const walletField = h(
    "div",
    { class: "grid" },
    h("div", {}, h("label", { for: wallet.id }, "Wallet"), wallet),
  );
  const keyField = h(
    "div",
    { class: "grid" },
    h("div", {}, h("label", { for: key.id }, "API key"), key),
  );
  const radios: HTMLInputElement[] = [];
  const choice = (value: Way, name: string, more: string): HTMLElement => {
    const radio = h("input", {
      type: "radio",
      name: "way",
      value,
      id: `way-${value}`,
      onchange: () => settle(),
    });
    radios.push(radio);
    return h(
      "label",
      { class: "choice", for: radio.id },
      radio,
      h("span", {}, name, h("small", {}, ` ${more}`)),
    );
  };
  const way = (): Way => (radios.find((radio) => radio.checked)?.value ?? "node") as Way;
  const known: FoundWallet[] = [];
  const settle = (): void => {
    const byNode = way() === "node";
    keyField.hidden = !byNode;
    walletField.hidden = byNode || known.length === 0;
    none.hidden = byNode || known.length > 0;
  };
  const fill = (): void => {
    const before = wallet.value;
    show(
      wallet,
      known.map(({ info }) =>
        h("option", { value: info.uuid, selected: info.uuid === before }, info.name),
      ),
    );
    settle();
  };
  const fields = h(
    "fieldset",
    {},
    h("legend", {}, "Who asks?"),
    choice("wallet", "My wallet", `asks on chain, and pays ${cost} to whoever answers, and gas`),
    dapp &&
      choice(
        "dapp",
        `An example dApp: ${dapp.is}`,
        `a small contract of your own asks when you ${dapp.asks}; it is called back with the verdict`,
      ),
    model.on_chain.attested_here &&
      choice("node", "This node", "its operator asks, and pays the gas"),
    walletField,
    none,
    keyField,
  );
  signal.addEventListener(
    "abort",
    watchWallets((found) => (known.push(found), fill())),
  );
  const first = known.length > 0 || !model.on_chain.attested_here ? "wallet" : "node";
  for (const radio of radios) radio.checked = radio.value === first;
  settle();
  return {
    fields,
    way,
    wallet: () => known.find(({ info }) => info.uuid === wallet.value) ?? null,
  };
}

async function ask(
  model: Model,
  input: InputForm,
  ways: Ways,
  dapp: Dapp | null,
  outcome: HTMLElement,
  signal: AbortSignal,
): Promise<void> {
  const tell = (what: Child): void => show(outcome, h("p", { class: "outcome" }, what));
  try {
    const given = input.read();
    const octets = encode(model.card, given);
    if (ways.way() === "node") {
      tell("Asking the node …");
      const body = { model: model.name, input: given, wait: WAIT };
      let account = await post<Account>("/api/decisions", body, WAIT);
      if (!isOver(account)) {
        tell("Recorded. Waiting for the chain …");
        account = await decided(model.id, account.subject, signal);
      }
      return told(outcome, model, account, null);
    }
    const wallet = ways.wallet();
    if (!wallet)
      throw new InvalidInput(
        "there is no wallet to ask with",
        "choose another way, or install one",
      );
    const { network } = await get<Readiness>("/readyz", {}, signal, [503]);
    const asking = ways.way() === "dapp" ? dapp : null;
    const asked = await askOnChain(wallet, model, octets, network, asking, tell);
    tell("Asked. Waiting for the decision …");
    const tellAll = async (): Promise<void> => {
      const account = await decided(model.id, asked.id, signal);
      const state = account.decision && (await asked.outcome());
      const words = asking && state ? dappSays(asking, state, account) : null;
      const again = (): void => void tellAll().catch(() => undefined);
      const failed = account.decision?.callback === "failed";
      told(outcome, model, account, words, failed && failedCallback(account, signal, again));
    };
    await tellAll();
  } catch (error) {
    if (signal.aborted) return;
    live.look();
    show(
      outcome,
      h("p", { class: "outcome", "data-outcome": "wrong", role: "alert" }, words(error)),
    );
  }
}

/** What became of the dApp's case. */
function dappSays({ is }: Dapp, state: string, { decision }: Account): string {
  return decision?.callback === "failed"
    ? `Your contract, ${is}, was not told; for it the case is still: ${state}.`
    : `Your contract, ${is}, was called back: ${state}.`;
}

function isOver({ decision, state }: Account): boolean {
  return decision !== null || OVER.has(state);
}

/** The account once nothing more will happen to it. */
async function decided(modelId: string, subject: string, signal: AbortSignal): Promise<Account> {
  for (;;) {
    try {
      const path = `/api/decisions/${subject}`;
      const account = await get<Account>(path, { model: modelId, wait: WAIT }, signal);
      if (isOver(account)) return account;
    } catch (error) {
      // Until the node has followed the request's block it does not know it; when it is away, it comes back.
      if (!(error instanceof NodeError) || ![0, 404, 503].includes(error.status)) throw error;
    }
    await pause(500);
    signal.throwIfAborted();
  }
}

function told(
  root: HTMLElement,
  model: Model,
  account: Account,
  outcome: string | null,
  failed: Child = null,
): void {
  const { decision } = account;
  const meaning = decision && meaningOf(model, decision.verdict);
  show(
    root,
    section(
      decision ? "Decided" : "Not decided",
      meaning && h("p", { class: "means" }, `${capital(meaning)}.`),
      h(
        "p",
        { class: "verdict" },
        badge(decision?.verdict ?? null, account.state),
        decision &&
          h("span", { class: "said" }, "The model said ", h("strong", {}, saying(model, decision))),
      ),
      account.reason && h("p", { class: "notice" }, account.reason),
      outcome && h("p", { id: "called-back" }, outcome),
      decision?.callback === "delivered" &&
        h("p", { class: "quiet" }, "The callback was delivered."),
      failed,
      h(
        "p",
        {},
        h(
          "a",
          { href: decisionHref(account.model.id, account.subject) },
          "Everything about this decision",
        ),
      ),
    ),
  );
}

function words(error: unknown): string {
  return isKeyNeeded(error) ? `${capital(error.what)}. Write one above.` : sayWhy(error);
}
