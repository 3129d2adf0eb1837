// Sections that a decision and a promised prediction have in common: what was asked, and what the model said.

import { type Card, type Model } from "../api.js";
import { type Child, h, section } from "../dom.js";
import { boundsOf, gauge } from "../draw/scale.js";
import { featureTable } from "../features.js";
import { decimal } from "../numbers.js";
import { saying } from "../words.js";

/** What was asked: who, and the input, or why there is none to show. */
export function askedSection(
  card: Card | undefined,
  who: Child,
  input: `0x${string}` | null,
  why: Child,
): HTMLElement {
  return section(
    "What was asked",
    h("p", {}, who),
    input !== null && card ? featureTable(card, input) : why,
  );
}

/** What the model said, in its card's words, and where that is among the rule's bounds. */
export function saidSection(
  model: Model | null,
  said: { text: string; confidence: string | null },
): HTMLElement {
  const bounds = boundsOf(model?.on_chain.policy ?? null);
  const isNumber = model?.card.head.kind === "score";
  return section(
    "What the model said",
    h(
      "p",
      {},
      model && `${model.description.replace(/\.$/, "")}: `,
      h("strong", {}, decimal(said.text)),
      `${saying(model, said).slice(decimal(said.text).length)}.`,
    ),
    bounds &&
      isNumber &&
      gauge(Number(said.text), bounds, `${decimal(said.text)} on the scale of the rule’s bounds`),
  );
}
