// A form from a model's card, and the input bytes of what was written into it.

import { InvalidInput } from "../../../client/src/errors.ts";
import { encodeInput } from "../../../client/src/model/model.ts";
import type { Card, Feature, Model } from "../api.js";
import { type Child, h } from "../dom.js";
import { about } from "../features.js";
import { octets } from "../hex.js";
import { decimal } from "../numbers.js";

export { InvalidInput };

/** What was written: features by name, or tensors by name, or bytes as hex. */
export type Given = Record<string, string> | { tensors: Record<string, unknown> } | string;

export interface InputForm {
  readonly fields: HTMLElement;
  /** What is written now. */
  read(): Given;
  /** Write the model's example. */
  example(): void;
}

/** The fields for one model's input. */
export function inputForm(model: Model): InputForm {
  const features = model.card.input.features;
  return features ? featureForm(features, model) : tensorForm(model);
}

/** The input bytes of what was written, in the card's encoding. */
export function encode(card: Card, given: Given): Uint8Array {
  if (typeof given === "string") {
    if (!/^0x([0-9a-fA-F]{2})+$/.test(given)) {
      throw new InvalidInput("the input is no hex", "write 0x and pairs of hex digits");
    }
    return octets(given);
  }
  return encodeInput(card, given);
}

function featureForm(features: readonly Feature[], model: Model): InputForm {
  const controls = features.map(control);
  return {
    fields: h(
      "div",
      { class: "grid" },
      features.map((feature, at) => labelled(feature, controls[at]!)),
    ),
    read: () => Object.fromEntries(features.map(({ name }, at) => [name, controls[at]!.value])),
    example: () => {
      const { example } = model;
      if (example === null || typeof example === "string") return;
      features.forEach(({ name }, at) => (controls[at]!.value = example[name] ?? ""));
    },
  };
}

function control(feature: Feature): HTMLInputElement | HTMLSelectElement {
  const id = `feature-${feature.name}`;
  if (feature.labels) {
    const options = feature.labels.map((label) => h("option", { value: label }, label));
    const none = h("option", { value: "", disabled: true, selected: true }, "choose …");
    return h("select", { id, name: feature.name, required: true }, none, options);
  }
  return h("input", {
    id,
    name: feature.name,
    type: "number",
    inputmode: feature.decimals ? "decimal" : "numeric",
    required: true,
    min: feature.min,
    max: feature.max,
    step: feature.decimals ? `0.${"0".repeat(feature.decimals - 1)}1` : "1",
    "aria-describedby": `${id}-hint`,
  });
}

function labelled(feature: Feature, field: HTMLElement): HTMLElement {
  const range: Child = feature.labels
    ? null
    : [
        decimal(feature.min ?? "…"),
        " to ",
        decimal(feature.max ?? "…"),
        feature.unit && ` ${feature.unit}`,
      ];
  return h(
    "div",
    {},
    h(
      "label",
      { for: field.id },
      feature.name.replaceAll("_", " "),
      feature.unit && ` (${feature.unit})`,
    ),
    field,
    h(
      "small",
      { id: `${field.id}-hint` },
      about(feature),
      about(feature) && range ? ", " : null,
      range,
    ),
  );
}

function tensorForm(model: Model): InputForm {
  const shapes = model.card.input.tensors.map(
    ({ name, dtype, shape }) =>
      `${name}: ${dtype} [${shape.map((side) => side ?? "any").join(", ")}]`,
  );
  const area = h("textarea", {
    id: "tensors",
    required: true,
    spellcheck: "false",
    "aria-describedby": "tensors-hint",
  });
  return {
    fields: h(
      "div",
      {},
      h("label", { for: area.id }, "Tensors as JSON, or encoded bytes as 0x hex"),
      area,
      h("small", { id: "tensors-hint" }, `{"tensors": {…}} with ${shapes.join("; ")}`),
    ),
    read: () => {
      const text = area.value.trim();
      if (text.startsWith("0x")) return text;
      try {
        return JSON.parse(text) as Given;
      } catch {
        throw new InvalidInput("the text is no JSON", 'write {"tensors": {"name": [[1, 2]]}}');
      }
    },
    example: () => {
      const { example } = model;
      area.value = typeof example === "string" ? example : JSON.stringify(example, null, 2);
    },
  };
}
