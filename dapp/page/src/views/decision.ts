// One decision, told to a person: what it means, what was asked, what the model said, what rule applied,
// who vouched, what it cost; and below that its timeline, its proof, and the hashes.

import {
  type Account,
  get,
  type Model,
  modelIfServed,
  type Network,
  type Round,
  type TransactionView,
  text,
} from "../api.js";
import type { Checked } from "../check/check.js";
import { type Child, facts, h, section, show } from "../dom.js";
import { timeline } from "../draw/timeline.js";
import { keyForm } from "../key.js";
import { live } from "../live.js";
import { count, decimal, fee, lasted, money, when } from "../numbers.js";
import { pause } from "../time.js";
import { decisionHref, type Place, title } from "../view.js";
import {
  asker,
  badge,
  capital,
  hash,
  meaningOf,
  saying,
  short,
  STATES,
  TRUST,
  VERDICTS,
} from "../words.js";
import { failedCallback } from "./callback.js";
import { checkSection } from "./checking.js";
import { askedSection, saidSection } from "./told.js";
import { votesSection } from "./votes.js";

const SEALED = 3;
const SOON = 1000;
const NUMBERS = ["none", "reject", "accept", "review"];

/** One decision. */
export async function showDecision(root: HTMLElement, place: Place): Promise<void> {
  const [modelId = "", subject = ""] = place.args;
  const { signal } = place;
  const read = (): Promise<Account> =>
    get<Account>(`/api/decisions/${subject}`, { model: modelId }, signal);
  const [first, model, network] = await Promise.all([
    read(),
    modelIfServed(modelId),
    live.network(),
  ]);
  let account = first;
  let input = first.request?.input ?? null;
  const [head, story, prints] = [h("div", {}), h("div", { class: "story" }), h("div", {})];
  const [votes, evidence] = [h("div", {}), h("div", {})];
  const again = (): void => void read().then(fill, () => undefined);
  const fill = (now: Account): void => {
    account = now;
    show(head, headOf(now, model));
    const failed = now.decision?.callback === "failed" ? failedCallback(now, signal, again) : null;
    const retell = (): void =>
      show(story, storyOf(now, model, input, network, failed, again), votes, evidence);
    retell();
    const open = prints.querySelector("details")?.open ?? false;
    show(prints, hashes(now, open));
    void receiptTells(now, signal).then((told) => {
      show(evidence, told.sections);
      if (told.input === null || input !== null) return;
      input = told.input;
      retell();
    });
    if (costIsOnItsWay(now)) void pause(SOON).then(again);
    if ((now.decision?.trust_level ?? model?.on_chain.trust_level) === SEALED)
      void votesOf(now, signal).then((rounds) =>
        show(votes, rounds.length > 0 && votesSection(rounds, network?.currency)),
      );
  };
  fill(first);
  const check =
    model &&
    first.decision &&
    checkSection(decisionHref(modelId, subject), () => checked(account, model), place);
  show(root, head, story, check && h("div", {}, check), prints);
  title(model ? `${model.title}: a decision` : "A decision");
  live.on(
    "decision",
    (line) => {
      if (line.subject === subject && line.model.id === modelId) again();
    },
    signal,
  );
  live.on("reset", again, signal);
}

/** What only the receipt tells, which not everybody may see. */
interface Told {
  /** Of a decision that was not asked for as such. */
  readonly input: `0x${string}` | null;
  /** Who signed, and the path to the chain. */
  readonly sections: Node[];
}

async function receiptTells(account: Account, signal: AbortSignal): Promise<Told> {
  const nothing = { input: null, sections: [] };
  if (!account.decision) return nothing;
  try {
    const query = { model: account.model.id };
    const receipt = await text(`/api/receipts/${account.subject}`, query, signal);
    const { anchor, decision, input } = JSON.parse(receipt) as {
      anchor?: object;
      decision?: { evidence?: { kind?: string } };
      input: { bytes?: `0x${string}` };
    };
    const isPlain = !anchor && decision?.evidence?.kind !== "quorum";
    const sections = isPlain ? [] : (await import("../evidence.js")).evidenceOf(receipt);
    return { input: input.bytes ?? null, sections };
  } catch {
    // The account stands for itself; a check tells what is wrong with the receipt.
    return nothing;
  }
}

async function votesOf({ model, subject }: Account, signal: AbortSignal): Promise<Round[]> {
  try {
    const path = `/api/decisions/${subject}/votes`;
    return (await get<{ rounds: Round[] }>(path, { model: model.id }, signal)).rounds;
  } catch {
    return [];
  }
}

function checked(account: Account, { file }: Model): Checked {
  const { decision, model, subject } = account;
  return {
    receipt: `/api/receipts/${subject}`,
    model: model.id,
    file,
    holds: "This is what the model says, and what the contract decided.",
    shown: [
      ["model", model.id, ({ prediction }) => prediction.modelId],
      ["subject", subject, ({ prediction }) => prediction.subject],
      ["value", decision?.value, ({ prediction }) => prediction.value],
      ["verdict", decision?.verdict, (receipt) => NUMBERS[receipt.decision?.verdict ?? 0]],
    ],
  };
}

function headOf(account: Account, model: Model | null): Child {
  const { decision, prediction } = account;
  const name = model?.title ?? short(account.model.id);
  const meaning = decision && meaningOf(model, decision.verdict);
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
    h("h1", {}, meaning ? capital(meaning) : sentence(account, name)),
    h(
      "div",
      { class: "verdict" },
      badge(decision?.verdict ?? null, account.state),
      prediction &&
        h("span", { class: "said" }, `${name} said `, h("strong", {}, saying(model, prediction))),
    ),
    account.reason && h("p", { class: "notice" }, account.reason),
  );
}

function sentence({ decision, prediction, state }: Account, name: string): string {
  if (decision) return `${name}: ${VERDICTS[decision.verdict].toLowerCase()}`;
  return prediction
    ? `${name} has answered; the contract has not decided yet`
    : `${name} was asked: ${STATES[state].toLowerCase()}`;
}

function storyOf(
  account: Account,
  model: Model | null,
  input: `0x${string}` | null,
  network: Network | null,
  failed: Child,
  again: () => void,
): Child[] {
  const { prediction, decision } = account;
  return [
    askedSection(model?.card, asker(account, network?.currency), input, hidden(account, again)),
    prediction && saidSection(model, prediction),
    section("Which rule applied", ruleOf(account, model)),
    decision && section("Who vouched for it", vouchedOf(account, model)),
    section("What it cost", costOf(account, network?.currency), failed),
    account.timeline.length > 0 &&
      section(
        "How it went",
        account.seconds !== null &&
          h("p", {}, `${lasted(account.seconds)} from the first stage to the last.`),
        timeline(account),
      ),
  ];
}

/** Why an input is not shown. */
function hidden({ request, prediction }: Account, again: () => void): Child {
  const print = request?.input_hash ?? prediction?.input_hash;
  const fingerprint: Child = print
    ? ["Whoever has it can hold it against its fingerprint on chain, ", hash(print), "."]
    : null;
  if (request?.input_hidden === "key") {
    const why =
      "The input was given to this node, not to the chain, so it is nobody else’s to read: the node shows it only to those who have a key. ";
    return keyForm([why, fingerprint], again);
  }
  const why = request
    ? "This node does not have the input: it could not be fetched, or it was forgotten on demand. "
    : "This node was never given the input. ";
  return h("p", {}, why, fingerprint);
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
      h("span", {}, capital(words)),
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
    1: "One operator vouched, with its own key. Nothing but its good name stops it from lying, and anybody can catch it: check it below.",
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

/** Whether this node sent the transaction and has not read its receipt yet. */
function costIsOnItsWay({ transactions, decision }: Account): boolean {
  return transactions.some((each) => each.gas_used === null && each.hash === decision?.tx_hash);
}

function costOf(account: Account, currency?: string): Child[] {
  const { request, transactions, decision } = account;
  const mined = transactions.filter((each) => each.gas_used !== null);
  // Of a transaction with several decisions, an equal share.
  const part = ({ answers }: TransactionView) => Math.max(1, answers);
  const gas = mined.reduce((sum, each) => sum + (each.gas_used ?? 0) / part(each), 0);
  const paid = mined.reduce(
    (sum, each) => sum + BigInt(each.fee_wei ?? 0) / BigInt(part(each)),
    0n,
  );
  const several = mined.length > 1 ? ` in ${mined.length} transactions` : "";
  const most = Math.max(0, ...mined.map(({ answers }) => answers));
  return [
    facts([
      ["Fee paid by who asked", fee(request?.fee_gwei, currency)],
      ["Gas", mined.length > 0 && `${count(Math.round(gas))}${several}`],
      ["Paid to the chain by this operator", mined.length > 0 && money(paid, currency)],
    ]),
    most > 1 &&
      h(
        "p",
        { class: "quiet" },
        `One of ${most} decisions in a transaction: an equal share of it.`,
      ),
    mined.length === 0 &&
      h(
        "p",
        { class: "quiet" },
        costIsOnItsWay(account)
          ? "The chain is asked for its receipt."
          : decision
            ? "Another node or program sent the transaction; its receipt on the chain tells the gas."
            : "Not on chain yet.",
      ),
    decision?.callback === "delivered" &&
      h("p", {}, "The asking contract was called back with it."),
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
      ["Value on chain", prediction && decimal(prediction.value)],
      ["Predicted at", prediction && when(prediction.predicted_at)],
      ["Decided at", decision && when(decision.decided_at)],
      ["Transaction", whole(decision?.tx_hash)],
      ["Block", decision && count(decision.block_number)],
    ]),
  );
}
