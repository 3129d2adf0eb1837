// Predictions that this node promised to anchor, most of which nobody has decided on: the latest first.

import { get, type ModelLine, type Promised, type PromisedList } from "../api.js";
import { h, show } from "../dom.js";
import { isKeyNeeded, keyForm } from "../key.js";
import { ago, decimal } from "../numbers.js";
import { stageBadge, whereabouts } from "../promised.js";
import { pause } from "../time.js";
import { type Place, predictionHref, title } from "../view.js";
import { hash, short } from "../words.js";

const AT_ONCE = 30;
const LOOK_AGAIN = 3000;

interface Wanted {
  model: string;
  state: string;
}

/** The list of promised predictions. */
export async function showPredictions(root: HTMLElement, place: Place): Promise<void> {
  const { query, signal } = place;
  title("Predictions");
  const wanted = { model: query.get("model") ?? "", state: query.get("state") ?? "" };
  const { models } = await get<{ models: ModelLine[] }>("/api/models", {}, signal);
  const titles = new Map(models.map((model) => [model.id, model.title]));
  const body = h("div", { "data-keep-scroll": true });
  const again = (): Promise<void> => fill(body, wanted, titles, signal);
  await again();
  show(
    root,
    h("h1", {}, "Predictions"),
    h(
      "p",
      { class: "lead" },
      "What models said at once, without a transaction each. The operator signed a promise that each will be in its log on the chain by a deadline; one root there stands for a whole batch. A contract can decide on any of them later.",
    ),
    filters(wanted, models),
    body,
  );
  void keepUp(again, signal);
}

/** Look again from time to time: batches close by themselves. */
async function keepUp(again: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (;;) {
    await pause(LOOK_AGAIN);
    if (signal.aborted) return;
    if (!document.hidden) await again().catch(() => undefined);
  }
}

const shown = new WeakMap<HTMLElement, number>();

async function fill(
  body: HTMLElement,
  wanted: Wanted,
  titles: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const limit = shown.get(body) ?? AT_ONCE;
  const again = (): void => void fill(body, wanted, titles, signal).catch(() => undefined);
  let found: PromisedList;
  try {
    found = await get<PromisedList>("/api/predictions", asQuery(wanted, limit), signal);
  } catch (error) {
    if (!isKeyNeeded(error)) throw error;
    if (!body.querySelector(".locked")) {
      const why =
        "Only roots of batches are on the chain; what was said is not. This node shows it only to those who have a key.";
      show(
        body,
        h(
          "div",
          { class: "card" },
          keyForm(why, () => (body.replaceChildren(), again())),
        ),
      );
    }
    return;
  }
  const more = h("button", { type: "button" }, "Show older ones");
  more.addEventListener("click", () => (shown.set(body, Math.min(200, limit + AT_ONCE)), again()));
  show(
    body,
    h(
      "ol",
      { class: "lines promised" },
      found.predictions.map((each) => row(each, titles)),
    ),
    found.predictions.length === 0 && h("p", { class: "empty quiet" }, emptiness(found, wanted)),
    found.next && limit < 200 && h("p", { class: "row" }, more),
  );
}

function asQuery({ model, state }: Wanted, limit: number): Record<string, string | number> {
  return { limit, ...(model && { model }), ...(state && { state }) };
}

function emptiness({ log }: PromisedList, wanted: Wanted): string {
  if (!log)
    return "This node has no anchor log, so it promises nothing. `oracle deploy` and `oracle up` make one.";
  return wanted.model || wanted.state
    ? "No prediction fits these filters."
    : "No predictions yet. A program asks for one with POST /api/predictions.";
}

function row(promised: Promised, titles: ReadonlyMap<string, string>): HTMLElement {
  return h(
    "li",
    { "data-id": promised.id },
    h(
      "a",
      { href: predictionHref(promised.id) },
      h(
        "span",
        { class: "what" },
        h("strong", {}, titles.get(promised.model_id) ?? short(promised.model_id)),
        h("span", { class: "said" }, decimal(promised.value)),
      ),
      h("span", { class: "means" }, whereabouts(promised)),
      stageBadge(promised),
      h("span", { class: "quiet by" }, "about ", hash(promised.subject)),
      h("span", { class: "quiet at" }, ago(promised.predicted_at)),
    ),
  );
}

function filters(wanted: Wanted, models: ModelLine[]): HTMLElement {
  const choice = (name: keyof Wanted, text: string, options: [string, string][]): HTMLElement => {
    const id = `p-${name}`;
    const field = h(
      "select",
      { id, name },
      options.map(([value, words]) =>
        h("option", { value, selected: value === wanted[name] }, words),
      ),
    );
    return h("div", {}, h("label", { for: id }, text), field);
  };
  const apply = (): void => {
    const set = [...new FormData(form)].filter(([, value]) => value) as [string, string][];
    const search = new URLSearchParams(set).toString();
    location.hash = search ? `#/predictions?${search}` : "#/predictions";
  };
  const form = h(
    "form",
    { class: "filters", role: "search", "aria-label": "Filter the predictions", onchange: apply },
    choice("model", "Model", [
      ["", "All models"],
      ...models.map(({ name, title }): [string, string] => [name, title]),
    ]),
    choice("state", "On chain", [
      ["", "Promised or anchored"],
      ["pending", "Not yet"],
      ["anchored", "Anchored"],
    ]),
  );
  form.addEventListener("submit", (event) => (event.preventDefault(), apply()));
  return form;
}
