// *Ask for a decision*: a form from the card, sent with the visitor's wallet or through the node.

import { OracleError } from "../../../client/src/errors.ts";
import { askOnChain } from "../ask/chain.js";
import { dappFor, type Dapp, outcomeOf } from "../ask/dapps.js";
import { encode, type InputForm, inputForm, InvalidInput } from "../ask/input.js";
import {
  type Account,
  get,
  type Model,
  type ModelLine,
  modelOf,
  post,
  type Readiness,
  Refused,
} from "../api.js";
import { type Child, h, section, show } from "../dom.js";
import { pause } from "../time.js";
import { decisionHref, type Place, title } from "../view.js";
import { refusal, type Wallet, wallets } from "../wallet.js";
import { badge, count, percent } from "../words.js";

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
  const model = await modelOf(chosen);
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
    askForm(model, signal),
  );
}

type Way = "wallet" | "dapp" | "node";

function askForm(model: Model, signal: AbortSignal): HTMLElement {
  const input = inputForm(model);
  const dapp = dappFor(model);
  const ways = waysOf(model, dapp, signal);
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
  wallet(): Wallet | null;
  key(): string;
}

function waysOf(model: Model, dapp: Dapp | null, signal: AbortSignal): Ways {
  const fee = model.on_chain.fee_gwei ?? 0;
  const wallet = h("select", { id: "wallet" });
  const key = h("input", {
    id: "key",
    type: "password",
    autocomplete: "off",
    placeholder: "only where the node asks for one",
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
  let known: readonly Wallet[] = [];
  const settle = (): void => {
    const byNode = way() === "node";
    keyField.hidden = !byNode;
    walletField.hidden = byNode || known.length === 0;
    none.hidden = byNode || known.length > 0;
  };
  const fill = (): void => {
    known = wallets(fill, signal);
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
    choice(
      "wallet",
      "My wallet",
      `asks on chain, and pays ${count(fee)} gwei to whoever answers, and gas`,
    ),
    dapp &&
      choice(
        "dapp",
        `An example dApp: ${dapp.is}`,
        `a small contract of mine asks to ${dapp.asks}, and is called back with the verdict`,
      ),
    model.on_chain.attested_here &&
      choice("node", "This node", "its operator asks, and pays the gas"),
    walletField,
    none,
    keyField,
  );
  fill();
  const first = known.length > 0 || !model.on_chain.attested_here ? "wallet" : "node";
  for (const radio of radios) radio.checked = radio.value === first;
  settle();
  return {
    fields,
    way,
    wallet: () => known.find(({ info }) => info.uuid === wallet.value) ?? null,
    key: () => key.value.trim(),
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
      const body = { model: model.name, input: given, wait: 20 };
      return told(outcome, await post<Account>("/api/decisions", body, ways.key()), null);
    }
    const wallet = ways.wallet();
    if (!wallet)
      throw new InvalidInput(
        "there is no wallet to ask with",
        "choose another way, or install one",
      );
    const { network } = await get<Readiness>("/readyz", {}, signal, [503]);
    const through_ = ways.way() === "dapp" ? dapp : null;
    const asked = await askOnChain(wallet, model, octets, network, through_, tell);
    tell(["Asked. Waiting for the decision …"]);
    const account = await decided(model.id, asked.id, signal);
    const state =
      through_ && asked.dapp && account.decision
        ? await outcomeOf(wallet, through_, asked.dapp, asked.id)
        : null;
    told(
      outcome,
      account,
      through_ && state ? `Your contract, ${through_.is}, was called back: ${state}.` : null,
    );
  } catch (error) {
    if (signal.aborted) return;
    show(
      outcome,
      h("p", { class: "outcome", "data-outcome": "wrong", role: "alert" }, words(error)),
    );
  }
}

/** The account once nothing more will happen to it. */
async function decided(modelId: string, subject: string, signal: AbortSignal): Promise<Account> {
  for (;;) {
    try {
      const account = await get<Account>(
        `/api/decisions/${subject}`,
        { model: modelId, wait: 20 },
        signal,
      );
      if (account.decision || OVER.has(account.state)) return account;
    } catch (error) {
      // Until the node has followed the request's block it does not know it; when it is away, it comes back.
      if (!(error instanceof Refused) || ![0, 404, 503].includes(error.status)) throw error;
    }
    await pause(500);
    signal.throwIfAborted();
  }
}

function told(root: HTMLElement, account: Account, outcome: string | null): void {
  const { decision } = account;
  const callback = {
    none: null,
    delivered: "The callback was delivered.",
    failed: "The callback failed; the decision stands, and anybody may retry the callback.",
  }[decision?.callback ?? "none"];
  show(
    root,
    section(
      decision ? "Decided" : "Not decided",
      h(
        "p",
        { class: "verdict" },
        badge(decision?.verdict ?? null, account.state),
        decision && h("span", { class: "value" }, decision.text),
      ),
      decision?.confidence && h("p", {}, `The model is ${percent(decision.confidence)} sure.`),
      account.reason && h("p", { class: "notice" }, account.reason),
      outcome && h("p", { id: "called-back" }, outcome),
      callback && h("p", { class: decision?.callback === "failed" ? "notice" : "quiet" }, callback),
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
  if (error instanceof OracleError || error instanceof Refused) {
    const key = error instanceof Refused && error.status === 401 ? " Write it above." : "";
    return `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.${key}`;
  }
  return refusal(error);
}
