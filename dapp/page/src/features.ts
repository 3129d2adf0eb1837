// An input's bytes as the card's features: what was asked, in the words of who made the model.

import { fromUnits } from "../../client/src/model/decimals.ts";
import { packedUnits } from "../../client/src/model/packed.ts";
import type { Card, Feature } from "./api.js";
import { type Child, h } from "./dom.js";
import { octets } from "./hex.js";
import { decimal } from "./numbers.js";
import { hash } from "./words.js";

/** The features of an input as a table. */
export function featureTable(card: Card, input: `0x${string}`): Child {
  const features = card.input.features;
  if (!features) {
    const size = (input.length - 2) / 2;
    const names = card.input.tensors.map(({ name }) => name).join(", ");
    return h("p", {}, `${size} bytes of tensors for ${names}: `, hash(input));
  }
  let units: bigint[];
  try {
    units = packedUnits(features, octets(input));
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
      features.map((feature, at) => row(feature, units[at] ?? 0n)),
    ),
  );
}

/** What a feature is, where that says more than its name. */
export function about({ name, description }: Feature): string | null {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, " ");
  return description && plain(description) !== plain(name) ? description : null;
}

function row(feature: Feature, units: bigint): HTMLElement {
  const value = feature.labels?.[Number(units)] ?? decimal(fromUnits(units, feature.decimals));
  return h(
    "tr",
    {},
    h(
      "th",
      { scope: "row" },
      feature.name.replaceAll("_", " "),
      about(feature) && h("small", {}, about(feature)),
    ),
    h("td", {}, value, feature.unit && h("small", {}, ` ${feature.unit}`)),
  );
}
