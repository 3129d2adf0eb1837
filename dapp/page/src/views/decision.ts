// One decision, told to a person: what was asked, what the model said, what rule applied, who vouched,
// what it cost; and below that its timeline, its proof, and the hashes.

import { type Account, get, type Model, modelOf, Refused, text } from "../api.js";
import { type Child, facts, h, section, show } from "../dom.js";
import { boundsOf, gauge } from "../draw/scale.js";
import { timeline } from "../draw/timeline.js";
import { featureTable } from "../features.js";
import { live } from "../live.js";
import { connectionForm, isLetIn, letIn } from "../connection.js";
import { decisionHref, type Place, title } from "../view.js";
import {
  amount,
  asker,
  badge,
  count,
  hash,
  lasted,
  percent,
  short,
  STATES,
  TRUST,
  VERDICTS,
  when,
} from "../words.js";

/** One decision. */
export async function showDecision(root: HTMLElement, place: Place): Promise<void> {
  const [modelId = "", subject = ""] = place.args;
  const { signal } = place;
  const read = (): Promise<Account> =>
    get<Account>(`/api/decisions/${subject}`, { model: modelId }, signal);
  const [account, model] = await Promise.all([read(), knownModel(modelId)]);
  const story = h("div", { class: "story" });
  const check = h("div", {});
  const prints = h("div", {});
  let evidence: Node[] = [];
  const head = h("div", {});
  const fill = (now: Account): void => {
    show(head, headOf(now, model));
    show(story, storyOf(now, model), evidence);
    const open = prints.querySelector("details")?.open ?? false;
    show(prints, hashes(now, open));
  };
  fill(account);
  show(root, head, story, check, prints);
  title(model?.title ?? "A decision");
  live.on(
    "decision",
    (line) => {
      if (line.subject === subject && line.model.id === modelId)
        void read().then(fill, () => undefined);
    },
    signal,
  );
  live.on("reset", () => void read().then(fill, () => undefined), signal);
  offerCheck(check, account, model, place);
  void receiptTells(account, signal).then((sections) => {
    evidence = sections;
    story.append(...sections);
  });
}

/** What only the receipt tells, which not everybody may see: who signed, and the path to the chain. */
async function receiptTells(account: Account, signal: AbortSignal): Promise<Node[]> {
  if (!account.decision) return [];
  try {
    const query = { model: account.model.id };
    const receipt = await text(`/api/receipts/${account.subject}`, query, signal);
    const { anchor, decision } = JSON.parse(receipt) as {
      anchor?: object;
      decision?: { evidence?: { kind?: string } };
    };
    if (!anchor && decision?.evidence?.kind !== "quorum") return [];
    const { evidenceOf } = await import("../evidence.js");
    return evidenceOf(receipt);
  } catch {
    // The account stands for itself; a check tells what is wrong with the receipt.
    return [];
  }
}

/** The model, or null where this node does not serve it any more. */
async function knownModel(modelId: string): Promise<Model | null> {
  try {
    return await modelOf(modelId);
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

function headOf(account: Account, model: Model | null): Child {
  const said = account.prediction;
  const verdict = account.decision?.verdict ?? null;
  const name = model?.title ?? short(account.model.id);
  const meaning = verdict && model ? model.meaning[upper(verdict)] : null;
  return h(
    "header",
    { class: "hero" },
    h(
      "p",
      { class: "quiet" },
      h("a", { href: "#/" }, "Decisions"),
      " / ",
      model ? h("a", { href: `#/model/${model.name}` }, name) : name,
    ),
    h(
      "div",
      { class: "verdict" },
      badge(verdict, account.state),
      said && h("span", { class: "value" }, said.text),
    ),
    h("h1", {}, sentence(account, name)),
    meaning && h("p", { class: "lead" }, `${capital(meaning)}.`),
    account.reason && h("p", { class: "notice" }, account.reason),
  );
}

function sentence(account: Account, name: string): string {
  const { decision, prediction } = account;
  if (!decision)
    return prediction
      ? `${name} said ${prediction.text}; the contract has not decided yet`
      : `${name} was asked: ${STATES[account.state].toLowerCase()}`;
  const sure = decision.confidence ? `, and was ${percent(decision.confidence)} sure` : "";
  return `${name} said ${decision.text}${sure}: ${VERDICTS[decision.verdict].toLowerCase()}`;
}

function storyOf(account: Account, model: Model | null): Child[] {
  const { request, prediction, decision } = account;
  return [
    section(
      "What was asked",
      h("p", {}, asker(request)),
      model &&
        featureTable(
          model.card,
          request?.input ?? null,
          request?.input_hash ?? prediction?.input_hash ?? null,
        ),
    ),
    prediction && section("What the model said", saidOf(account, model)),
    section("Which rule applied", ruleOf(account, model)),
    decision && section("Who vouched for it", vouchedOf(account, model)),
    section("What it cost", costOf(account)),
    account.timeline.length > 0 &&
      section(
        "How it went",
        account.seconds !== null &&
          h("p", {}, `${lasted(account.seconds)} from the first stage to the last.`),
        timeline(account),
      ),
  ];
}

function saidOf(account: Account, model: Model | null): Child[] {
  const said = account.prediction;
  if (!said) return [];
  const bounds = boundsOf(model?.on_chain.policy ?? null);
  const words = `${said.text} on the scale of the rule’s bounds`;
  return [
    h(
      "p",
      {},
      model && `${model.description.replace(/\.$/, "")}: `,
      h("strong", {}, said.text),
      said.confidence && `, ${percent(said.confidence)} sure`,
      ".",
    ),
    bounds && said.label === null && gauge(Number(said.text), bounds, words),
  ];
}

function ruleOf({ decision }: Account, model: Model | null): Child[] {
  const policy = model?.on_chain.policy;
  if (!policy) return [h("p", {}, "This node does not know the model’s rule.")];
  const meaning = Object.entries(model.meaning).map(([verdict, words]) => {
    const word = verdict.toLowerCase() as keyof typeof VERDICTS;
    const current = decision?.verdict === word;
    return h(
      "li",
      { "data-current": current ? "true" : null },
      badge(word, "final"),
      h("span", {}, words),
      current && h("span", { class: "unseen" }, " (this one)"),
    );
  });
  return [
    h(
      "p",
      {},
      "A contract on the chain holds the rule, and nobody can change it for this decision: ",
      h("strong", {}, policy.words),
      ".",
    ),
    h("ul", { class: "meanings" }, meaning),
    h("p", { class: "quiet" }, "Rule contract ", hash(policy.address)),
  ];
}

function vouchedOf({ decision }: Account, model: Model | null): Child[] {
  if (!decision) return [];
  const attestor = model?.on_chain.attestor;
  const who: Record<number, Child> = {
    1: "One operator vouched, by sending the decision with its own key. Nothing but its good name stops it from lying, and anybody can catch it: check it below.",
    2: "Several operators ran the model on their own machines and signed the same answer. The contract counted their signatures.",
    3: "Several operators sealed their answers before they saw each other’s, or put money behind them.",
    4: "A proof was checked by the contract itself: nobody has to be trusted.",
  };
  return [
    h(
      "p",
      {},
      h("strong", {}, capital(TRUST[decision.trust_level] ?? `level ${decision.trust_level}`)),
      h(
        "span",
        { class: "level", role: "img", "aria-label": `Trust level ${decision.trust_level} of 4` },
        [1, 2, 3, 4].map((step) =>
          h("i", { "data-on": step <= decision.trust_level ? "true" : null }),
        ),
      ),
    ),
    h("p", {}, who[decision.trust_level] ?? ""),
    attestor &&
      h(
        "p",
        { class: "quiet" },
        model?.on_chain.attested_here ? "The operator of this node, " : "",
        hash(attestor),
      ),
  ];
}

function costOf({ request, transactions, decision }: Account): Child[] {
  const mined = transactions.find((each) => each.gas_used !== null);
  const callback = decision?.callback ?? "none";
  const told = {
    none: null,
    delivered: "The asking contract was told at once, in the same transaction.",
    failed:
      "The asking contract could not be told: its callback failed. The decision stands; anybody may retry the callback.",
  }[callback];
  return [
    facts([
      ["Fee paid by who asked", request?.fee_gwei ? `${count(request.fee_gwei)} gwei` : "nothing"],
      ["Gas of the decision", mined?.gas_used ? count(mined.gas_used) : null],
      [
        "Paid to the chain by the operator",
        mined?.fee ? `${amount(mined.fee)} of the chain’s currency` : null,
      ],
    ]),
    !mined &&
      h(
        "p",
        { class: "quiet" },
        decision
          ? "Another node or program sent the transaction; its receipt on the chain tells the gas."
          : "Not on chain yet.",
      ),
    told && h("p", { class: callback === "failed" ? "notice" : "" }, told),
  ];
}

function hashes({ model, subject, prediction, decision }: Account, open: boolean): HTMLElement {
  const whole = (text: string | undefined): Child =>
    text && h("code", { class: "whole-hash" }, text);
  return h(
    "details",
    { class: "card", open },
    h("summary", {}, "Fingerprints and places"),
    facts([
      ["Model", whole(model.id)],
      ["Subject", whole(subject)],
      ["Input hash", whole(prediction?.input_hash)],
      ["Output hash", whole(prediction?.output_hash)],
      ["Value on chain", prediction?.value],
      ["Predicted at", prediction && when(prediction.predicted_at)],
      ["Decided at", decision && when(decision.decided_at)],
      ["Transaction", whole(decision?.tx_hash)],
      ["Block", decision && count(decision.block_number)],
    ]),
  );
}

/** The button that checks everything here, in this browser; its program is loaded when it is pressed. */
function offerCheck(
  root: HTMLElement,
  account: Account,
  model: Model | null,
  { query, signal }: Place,
): void {
  if (!model || !account.decision) return;
  const steps = h("div", { id: "steps" });
  const form = h("div", {});
  const connection = connectionForm(form, signal);
  const start = async (): Promise<void> => {
    const chosen = connection();
    if (chosen?.url && !isLetIn(chosen.url)) {
      return letIn(chosen.url, `${decisionHref(account.model.id, account.subject)}?check`);
    }
    button.disabled = true;
    try {
      const { runCheck } = await import("../check/check.js");
      await runCheck(steps, account, model.file, chosen, signal);
    } catch (error) {
      if (!signal.aborted) show(steps, h("p", { class: "notice", role: "alert" }, String(error)));
    } finally {
      button.disabled = false;
      button.textContent = "Check again";
    }
  };
  const button = h(
    "button",
    { type: "button", class: "main", id: "check", onclick: () => void start() },
    "Check it myself",
  );
  show(
    root,
    section(
      "Do not take our word for it",
      h(
        "p",
        {},
        "Your browser fetches the receipt and the model, runs the model itself, and compares every fingerprint with the chain. The first time it loads ONNX Runtime (4 MB, from this node).",
      ),
      form,
      h("p", { class: "row" }, button),
      steps,
    ),
  );
  if (query.has("check")) void start();
}

function upper(verdict: string): "ACCEPT" | "REJECT" | "REVIEW" {
  return verdict.toUpperCase() as "ACCEPT" | "REJECT" | "REVIEW";
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
