// An input's bytes as the card's features: what was asked, in the words of who made the model.

import { decodeFeatures } from "./packed.js";
import type { Card, Feature } from "./api.js";
import { type Child, h } from "./dom.js";
import { hash } from "./words.js";

/** The features of an input as a table, or why there is none to show. */
export function featureTable(card: Card, input: string | null, inputHash: string | null): Child {
  if (input === null) {
    return h(
      "p",
      {},
      "The input is not public. Whoever has it can check it against its fingerprint ",
      inputHash ? hash(inputHash) : "on chain",
      ".",
    );
  }
  const features = card.input.features;
  if (!features) {
    const size = (input.length - 2) / 2;
    return h(
      "p",
      {},
      `${size} bytes of tensors for `,
      card.input.tensors.map(({ name }) => name).join(", "),
      ": ",
      hash(input),
    );
  }
  let values: string[];
  try {
    values = decodeFeatures(features, input);
  } catch {
    return h("p", {}, "The input does not fit the model’s card: ", hash(input));
  }
  return h(
    "table",
    { class: "features" },
    h(
      "thead",
      { class: "unseen" },
      h("tr", {}, h("th", { scope: "col" }, "Feature"), h("th", { scope: "col" }, "Value")),
    ),
    h(
      "tbody",
      {},
      features.map((feature, at) => row(feature, values[at] ?? "")),
    ),
  );
}

function row(feature: Feature, value: string): HTMLElement {
  return h(
    "tr",
    {},
    h(
      "th",
      { scope: "row" },
      feature.name,
      feature.description && h("small", {}, feature.description),
    ),
    h("td", {}, value, feature.unit && h("small", {}, ` ${feature.unit}`)),
  );
}
