// A model's page: what it is, how good it is, what it said lately, and the rules under which it decides.

import { type Figures, get, type Model, type ModelLine, type Network } from "../api.js";
import { type Child, facts, h, section, show } from "../dom.js";
import { boundsOf, histogram, shares } from "../draw/scale.js";
import { about } from "../features.js";
import { live } from "../live.js";
import { markdown } from "../markdown.js";
import { type Place, title } from "../view.js";
import { count, decimal, fee, lasted, percent, when } from "../numbers.js";
import { badge, capital, hash, TRUST, type VERDICTS } from "../words.js";
import { agreement } from "./agreement.js";

/** All models of this node. */
export async function showModels(root: HTMLElement, { signal }: Place): Promise<void> {
  const { models } = await get<{ models: ModelLine[] }>("/api/models", {}, signal);
  title("Models");
  show(
    root,
    h("h1", {}, "Models"),
    h(
      "p",
      { class: "lead" },
      "What can be asked here. A model’s card names its exact file, what goes in and what comes out.",
    ),
    models.length === 0 && h("p", { class: "empty quiet" }, "This node serves no model."),
    h(
      "ul",
      { class: "models" },
      models.map((model) =>
        h(
          "li",
          {},
          h(
            "a",
            { href: `#/model/${encodeURIComponent(model.name)}` },
            h("strong", {}, model.title),
            h(
              "span",
              { class: "quiet" },
              model.kind === "class" ? `one of ${model.labels.join(", ")}` : "a number",
            ),
            h(
              "span",
              { class: "quiet" },
              `from ${model.features.length} ${model.features.length === 1 ? "input" : "inputs"}`,
            ),
          ),
        ),
      ),
    ),
  );
}

/** One model. */
export async function showModel(
  root: HTMLElement,
  { args: [name = ""], signal }: Place,
): Promise<void> {
  const path = `/api/models/${encodeURIComponent(name)}`;
  const read = (): Promise<Figures> => get<Figures>(`${path}/figures`, {}, signal);
  const [model, figures, network] = await Promise.all([
    get<Model>(path, {}, signal),
    read(),
    live.network(),
  ]);
  title(model.title);
  const lately = h("div", { class: "story" });
  const fill = (now: Figures): void => show(lately, latelyOf(now, model));
  fill(figures);
  show(
    root,
    h(
      "header",
      { class: "hero" },
      h("p", { class: "quiet" }, h("a", { href: "#/models" }, "Models"), " / ", model.name),
      h("h1", {}, model.title),
      h("p", { class: "lead" }, model.description),
      h(
        "p",
        { class: "row" },
        h(
          "a",
          { class: "button main", href: `#/ask/${encodeURIComponent(model.name)}` },
          "Ask for a decision",
        ),
        h("a", { href: `#/?model=${encodeURIComponent(model.name)}` }, "Its decisions"),
      ),
    ),
    lately,
    h("div", { class: "story" }, rules(model, network), inputs(model), cardOf(model)),
    figures.held_out &&
      section("How good it is", h("div", { class: "prose" }, markdown(figures.held_out))),
  );
  live.on(
    "decision",
    (line) => {
      if (line.model.id === model.id && line.verdict) void read().then(fill, () => undefined);
    },
    signal,
  );
}

function latelyOf(figures: Figures, model: Model): Child[] {
  const { accept, reject, review } = figures.verdicts;
  const words = `${accept} accepted, ${review} for review, ${reject} rejected`;
  return [
    section(
      "What it decided",
      figures.decided === 0
        ? h("p", { class: "quiet" }, "Nothing yet.")
        : [
            h(
              "p",
              {},
              h("strong", {}, count(figures.decided)),
              ` ${figures.decided === 1 ? "decision" : "decisions"}: ${words}.`,
            ),
            shares(figures.verdicts, words),
            figures.median_gas !== null &&
              h(
                "p",
                { class: "quiet" },
                `One decision costs this operator ${count(figures.median_gas)} gas (median of the latest).`,
              ),
          ],
    ),
    figures.recent.length > 0 && section("Its latest values", spread(figures, model)),
    figures.committee && section("How the committee agrees", agreement(figures.committee)),
  ];
}

function spread(figures: Figures, model: Model): Child {
  const number = figures.recent.length;
  if (model.kind === "score") {
    const points = figures.recent.map(({ text, verdict }) => ({ value: Number(text), verdict }));
    const values = points.map(({ value }) => value);
    const [least, most] = [Math.min(...values), Math.max(...values)].map(bound);
    const words =
      number === 1
        ? `Its first value, ${least}`
        : `The latest ${count(number)} values, from ${least} to ${most}`;
    return [
      h("p", { class: "quiet" }, `${words}, coloured by verdict.`),
      histogram(points, boundsOf(model.on_chain.policy), words),
    ];
  }
  return h(
    "ul",
    { class: "bars" },
    model.labels.map((label) => {
      const share = figures.recent.filter(({ text }) => text === label).length / number;
      const bar = h("i", { "aria-hidden": "true" });
      bar.style.setProperty("--share", String(share));
      return h("li", {}, h("span", {}, label), bar, h("span", { class: "quiet" }, percent(share)));
    }),
  );
}

function bound(value: number): string {
  return decimal(String(value));
}

function rules({ on_chain: rule, meaning }: Model, network: Network | null): HTMLElement {
  if (!rule.registered)
    return section(
      "Its rules",
      h("p", { class: "notice" }, "The model is not registered on this chain."),
    );
  return section(
    "Its rules",
    !rule.current &&
      h("p", { class: "notice" }, "The chain is away: these are the rules as they were read last."),
    rule.paused && h("p", { class: "notice" }, "Its owner has paused it: it can not be asked now."),
    rule.policy && h("p", {}, h("strong", {}, capital(rule.policy.words)), "."),
    h(
      "ul",
      { class: "meanings" },
      Object.entries(meaning).map(([verdict, words]) =>
        h(
          "li",
          {},
          badge(verdict.toLowerCase() as keyof typeof VERDICTS, "final"),
          h("span", {}, capital(words)),
        ),
      ),
    ),
    facts([
      ["Fee", rule.fee_gwei === null ? null : fee(rule.fee_gwei, network?.currency)],
      [
        "Vouched for by",
        rule.trust_level === null
          ? null
          : [
              TRUST[rule.trust_level] ?? `level ${rule.trust_level}`,
              rule.attestor && [" ", hash(rule.attestor)],
            ],
      ],
      ["A prediction may be old", rule.max_age ? lasted(rule.max_age) : "any time"],
      ["Owner", rule.owner && hash(rule.owner)],
      ["Its rules change at", rule.change_at ? when(rule.change_at) : null],
    ]),
  );
}

function inputs({ card }: Model): HTMLElement {
  const features = card.input.features;
  const rows = features
    ? features.map((each) => [
        each.name.replaceAll("_", " "),
        each.labels?.join(", ") ??
          `${decimal(each.min ?? "…")} to ${decimal(each.max ?? "…")}${each.unit ? ` ${each.unit}` : ""}`,
        about(each) ?? "",
      ])
    : card.input.tensors.map((each) => [
        each.name,
        `${each.dtype} [${each.shape.map((side) => side ?? "any").join(", ")}]`,
        "",
      ]);
  return section(
    "What goes in",
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "group", "aria-label": "Inputs" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["Input", "Range", "What it is"].map((text) => h("th", { scope: "col" }, text)),
          ),
        ),
        h(
          "tbody",
          {},
          rows.map(([name, range, what]) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, name),
              h("td", {}, range),
              h("td", { class: "quiet" }, what),
            ),
          ),
        ),
      ),
    ),
  );
}

function cardOf({ card, id, file }: Model): HTMLElement {
  const outputs = card.outputs.map(
    (each) =>
      `${each.name}: ${each.dtype}${each.decimals === undefined ? "" : `, ${each.decimals} decimals`}`,
  );
  return section(
    "Its card",
    h(
      "p",
      {},
      "Whoever has this file has the very same model; one changed byte would be another model.",
    ),
    facts([
      ["Model id", h("code", { class: "whole-hash" }, id)],
      [
        "File",
        [
          h("a", { href: file, download: true }, card.model.file),
          ` ${count(card.model.size)} bytes, ${card.model.producer}`,
        ],
      ],
      ["SHA-256", h("code", { class: "whole-hash" }, card.model.sha256)],
      ["Outputs", outputs.join("; ")],
      [
        "Two machines may differ by",
        card.tolerance ? `${count(card.tolerance)} of the value’s last digit` : "nothing",
      ],
      ...Object.entries(card.provenance ?? {}).map(
        ([name, text]) => [name.replaceAll("_", " "), text] as const,
      ),
    ]),
    h(
      "details",
      {},
      h("summary", {}, "The whole card as JSON"),
      h("pre", { tabindex: "0" }, JSON.stringify(card, null, 2)),
    ),
  );
}
