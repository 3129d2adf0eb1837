// One promised prediction: what was asked and said, what the operator promised, its path to the chain, and
// what became of it. It may never be decided on; it can be checked all the same.

import { get, type Model, modelIfServed, NodeError, post, type Promised, text } from "../api.js";
import type { Checked } from "../check/check.js";
import { type Child, facts, h, section, show } from "../dom.js";
import { isKeyNeeded, keyForm } from "../key.js";
import { clock, count, decimal, when } from "../numbers.js";
import { saidOf, stageBadge, stageOf, whereabouts } from "../promised.js";
import { pause } from "../time.js";
import { decisionHref, type Place, predictionHref, title } from "../view.js";
import { capital, hash, saying, sayWhy, short } from "../words.js";
import { checkSection } from "./checking.js";
import { askedSection, saidSection } from "./told.js";

const LOOK_AGAIN = 2000;

/** What the receipt tells: the input, and the path; or why it is not shown. */
interface Told {
  readonly input: `0x${string}` | null;
  readonly hidden: string | null;
  readonly path: Node[];
}

/** One promised prediction. */
export async function showPrediction(root: HTMLElement, place: Place): Promise<void> {
  const [id = ""] = place.args;
  const { signal } = place;
  const read = (): Promise<Promised> => get<Promised>(`/api/predictions/${id}`, {}, signal);
  let promised = await read();
  const model = await modelIfServed(promised.model_id);
  title(model ? `${model.title}: a prediction` : "A prediction");
  const [head, story, prints] = [h("div", {}), h("div", { class: "story" }), h("div", {})];
  let before = "";
  const fill = async (now: Promised): Promise<void> => {
    promised = now;
    const stage = `${stageOf(now)} ${now.batch} ${now.decision?.state}`;
    if (stage === before) return;
    before = stage;
    const told = await receiptTells(now, signal);
    show(head, headOf(now, model));
    show(story, storyOf(now, model, told, again));
    show(prints, hashes(now));
  };
  const again = async (): Promise<void> => {
    before = "";
    await fill(await read());
  };
  await fill(promised);
  const check = model && checkSection(predictionHref(id), () => checked(promised, model), place);
  show(root, head, story, check && h("div", {}, check), prints);
  void keepUp(async () => fill(await read()), signal);
}

async function keepUp(look: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (;;) {
    await pause(LOOK_AGAIN);
    if (signal.aborted) return;
    if (!document.hidden) await look().catch(() => undefined);
  }
}

async function receiptTells({ receipt }: Promised, signal: AbortSignal): Promise<Told> {
  try {
    const found = await text(receipt, {}, signal);
    const { evidenceOf } = await import("../evidence.js");
    const { input } = JSON.parse(found) as { input: { bytes?: `0x${string}` } };
    return { input: input.bytes ?? null, hidden: null, path: evidenceOf(found) };
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return { input: null, hidden: error.what, path: [] };
  }
}

function checked(promised: Promised, { file }: Model): Checked {
  const isAnchored = promised.state !== "pending";
  return {
    receipt: promised.receipt,
    file,
    holds: "This is what the model says, and the chain holds its batch’s root.",
    shown: [
      ["model", promised.model_id, ({ prediction }) => prediction.modelId],
      ["subject", promised.subject, ({ prediction }) => prediction.subject],
      ["value", promised.raw_value, ({ prediction }) => prediction.value],
      ["deadline", promised.anchor_by, ({ promise }) => promise?.anchorBy],
      // What has been anchored since it was shown is no contradiction.
      [
        "batch",
        promised.batch,
        ({ anchor }) => (isAnchored ? anchor?.batch.number : promised.batch),
      ],
      ["index", promised.index, ({ anchor }) => (isAnchored ? anchor?.index : promised.index)],
    ],
  };
}

function headOf(promised: Promised, model: Model | null): Child {
  const name = model?.title ?? short(promised.model_id);
  return h(
    "header",
    { class: "hero" },
    h(
      "p",
      { class: "quiet" },
      h("a", { href: "#/predictions" }, "Predictions"),
      " / ",
      model ? h("a", { href: `#/model/${model.name}` }, name) : name,
    ),
    h("h1", {}, `${name} said ${saying(model, saidOf(promised))}`),
    h(
      "div",
      { class: "verdict" },
      stageBadge(promised),
      h("span", { class: "said" }, whereabouts(promised)),
    ),
    h("p", { class: "lead" }, meaning(promised)),
  );
}

function meaning(promised: Promised): Child {
  switch (stageOf(promised)) {
    case "pending":
      return "Nothing of it is on the chain yet. The operator’s signature promises that it will be; if it is not, the signature proves the broken promise.";
    case "overdue":
      return "The deadline has passed and it is not on the chain. The operator’s signature proves that it promised this.";
    case "anchored":
      return "It is fixed on the chain among the others of its batch, and can not be changed any more. No contract has decided on it.";
    case "decided":
      return [
        "A contract has decided on it: ",
        h("a", { href: decisionHref(promised.model_id, promised.subject) }, "see the decision"),
        ".",
      ];
  }
}

function storyOf(
  promised: Promised,
  model: Model | null,
  { input, hidden, path }: Told,
  again: () => Promise<void>,
): Child[] {
  const why =
    hidden === null
      ? h("p", {}, "The input is not in the receipt.")
      : keyForm(`Why the input is not shown: ${hidden}.`, () => void again());
  return [
    askedSection(
      model?.card,
      ["A program asked this node, about the subject ", hash(promised.subject), "."],
      input,
      why,
    ),
    saidSection(model, saidOf(promised)),
    section("What the operator promised", promiseOf(promised)),
    path,
    decisionOn(promised, model, again),
  ];
}

function promiseOf(promised: Promised): Child[] {
  const isAnchored = promised.state !== "pending";
  return [
    h(
      "p",
      {},
      "That exactly this prediction will be in its log on the chain by ",
      h("strong", {}, clock(promised.anchor_by)),
      ". The operator signed it at once, before any transaction.",
    ),
    facts([
      ["Deadline", when(promised.anchor_by)],
      ["Batch", isAnchored && count(promised.batch ?? 0)],
      ["Number in the log", isAnchored && count(promised.index ?? 0)],
      ["Block", isAnchored && count(promised.block ?? 0)],
      ["Log", hash(promised.log)],
    ]),
  ];
}

/** Having a contract decide on it, where its model takes the log's word. */
function decisionOn(promised: Promised, model: Model | null, again: () => Promise<void>): Child {
  if (stageOf(promised) !== "anchored") return null;
  const isTaken = model?.on_chain.attestor?.toLowerCase() === promised.log.toLowerCase();
  if (!isTaken)
    return section(
      "Can a contract decide on it?",
      h(
        "p",
        {},
        "Not now: the model’s decisions are vouched for otherwise on this chain. The prediction stands for itself.",
      ),
    );
  const told = h("div", { role: "status" });
  const button = h("button", { type: "button", id: "relay" }, "Have it decided");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await post(`/api/predictions/${promised.id}/decision`, undefined);
      await again();
    } catch (error) {
      button.disabled = false;
      show(
        told,
        isKeyNeeded(error)
          ? keyForm(`${capital(error.what)}.`, () => button.click(), "Have it decided")
          : h("p", { class: "notice", role: "alert" }, sayWhy(error)),
      );
    }
  });
  return section(
    "Can a contract decide on it?",
    h(
      "p",
      {},
      promised.decision
        ? "The transaction that shows it to the decision contract is on its way."
        : "Yes: this node’s operator shows it to the decision contract with its path, and pays the gas.",
    ),
    !promised.decision && h("p", { class: "row" }, button),
    told,
  );
}

function hashes(promised: Promised): HTMLElement {
  const whole = (hash: string | undefined): Child =>
    hash && h("code", { class: "whole-hash" }, hash);
  return h(
    "details",
    { class: "card" },
    h("summary", {}, "Fingerprints and places"),
    facts([
      ["Receipt", h("a", { href: promised.receipt, download: true }, whole(promised.id))],
      ["Model", whole(promised.model_id)],
      ["Subject", whole(promised.subject)],
      ["Value in the log", decimal(promised.raw_value)],
      ["Predicted at", when(promised.predicted_at)],
      ["Anchored by transaction", whole(promised.transaction)],
    ]),
  );
}
