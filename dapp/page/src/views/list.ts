// Decisions as they arrive: the latest first, with filters; new ones come in by themselves.

import { type DecisionList, get, type Line, type ModelLine, type Verdict } from "../api.js";
import { h, show } from "../dom.js";
import { live } from "../live.js";
import { decisionHref, type Place } from "../view.js";
import { ago, decimal } from "../numbers.js";
import {
  askedBy,
  badge,
  capital,
  consequence,
  hash,
  meaningOf,
  short,
  STATES,
  VERDICTS,
} from "../words.js";

const AT_ONCE = 30;

type Known = ReadonlyMap<string, ModelLine>;

interface Wanted {
  model: string;
  verdict: string;
  subject: string;
}

/** The list of decisions. */
export async function showList(root: HTMLElement, { query, signal }: Place): Promise<void> {
  document.title = "Decision Oracle";
  const wanted = read(query);
  const [{ models }, answer] = await Promise.all([
    get<{ models: ModelLine[] }>("/api/models", {}, signal),
    ask(wanted, null, signal),
  ]);
  const known: Known = new Map(models.map((model) => [model.id, model]));
  const list = h("ol", { class: "lines", "data-keep-scroll": true });
  const more = h("button", { type: "button" }, "Show older ones");
  const empty = h("p", { class: "empty quiet" });
  const rows = new Map<string, HTMLElement>();
  let next = answer.next;

  const put = (line: Line, fresh: boolean): void => {
    const key = line.model.id + line.subject;
    const before = rows.get(key);
    if (!fits(line, wanted)) {
      before?.remove();
      rows.delete(key);
      return;
    }
    const row = rowOf(line, known);
    rows.set(key, row);
    if (before) before.replaceWith(row);
    else if (fresh) list.prepend(row);
    else list.append(row);
    if (fresh && !before) row.classList.add("fresh");
  };
  const settle = (): void => {
    more.hidden = next === null;
    empty.hidden = rows.size > 0;
    empty.textContent = Object.values(wanted).some(Boolean)
      ? "No decision fits these filters yet. The next one that does will show here."
      : "No decisions yet. The next one will show here by itself.";
  };
  const fill = (found: DecisionList): void => {
    rows.clear();
    list.replaceChildren();
    for (const line of found.decisions) put(line, false);
    next = found.next;
    settle();
  };

  more.addEventListener("click", async () => {
    more.disabled = true;
    try {
      const older = await ask(wanted, next, signal);
      for (const line of older.decisions) put(line, false);
      next = older.next;
    } finally {
      more.disabled = false;
      settle();
    }
  });
  live.on("decision", (line) => (put(line, true), announce(line, wanted, known), settle()), signal);
  live.on("reset", () => void ask(wanted, null, signal).then(fill, () => undefined), signal);

  fill(answer);
  show(
    root,
    h("h1", {}, "Decisions"),
    h("p", { class: "lead" }, "What models said, and what the contract made of it, as it arrives."),
    filters(wanted, models),
    list,
    empty,
    h("p", { class: "row" }, more),
  );
}

function read(query: URLSearchParams): Wanted {
  const part = (name: string): string => query.get(name) ?? "";
  return { model: part("model"), verdict: part("verdict"), subject: part("subject").toLowerCase() };
}

function ask(wanted: Wanted, cursor: string | null, signal: AbortSignal): Promise<DecisionList> {
  const { model, verdict, subject } = wanted;
  return get<DecisionList>(
    "/api/decisions",
    {
      limit: AT_ONCE,
      ...(model && { model }),
      ...(verdict && { verdict }),
      ...(subject && { subject }),
      ...(cursor && { cursor }),
    },
    signal,
  );
}

function fits(line: Line, { model, verdict, subject }: Wanted): boolean {
  return (
    (!model || line.model.name === model) &&
    (!verdict || line.verdict === verdict) &&
    (!subject || line.subject.startsWith(subject))
  );
}

function rowOf(line: Line, known: Known): HTMLElement {
  const model = known.get(line.model.id);
  const meaning = line.verdict && meaningOf(model, line.verdict);
  return h(
    "li",
    { "data-subject": line.subject },
    h(
      "a",
      { href: decisionHref(line.model.id, line.subject) },
      h(
        "span",
        { class: "what" },
        h("strong", {}, nameOf(line, model)),
        h("span", { class: "said" }, line.text === null ? "—" : decimal(line.text)),
      ),
      h("span", { class: "means" }, meaning && capital(consequence(meaning))),
      badge(line.verdict, line.state),
      h(
        "span",
        { class: "quiet by" },
        askedBy(line),
        line.state === "final" || line.verdict === null
          ? null
          : `, ${STATES[line.state].toLowerCase()}`,
        " ",
        hash(line.subject),
      ),
      h("span", { class: "quiet at" }, ago(line.at)),
    ),
  );
}

function nameOf(line: Line, model?: ModelLine): string {
  return model?.title ?? line.model.name ?? short(line.model.id);
}

/** Say a new verdict to those who do not see the list; once for each. */
function announce(line: Line, wanted: Wanted, known: Known): void {
  if (!line.verdict || line.state !== "final" || !fits(line, wanted)) return;
  const model = known.get(line.model.id);
  const meaning = meaningOf(model, line.verdict);
  const words = [VERDICTS[line.verdict].toLowerCase(), decimal(line.text ?? "")];
  if (meaning) words.push(consequence(meaning));
  const said = document.querySelector("#said") as HTMLElement;
  said.append(h("p", {}, `${nameOf(line, model)}: ${words.join(", ")}`));
  while (said.childElementCount > 3) said.firstElementChild?.remove();
}

function filters(wanted: Wanted, models: ModelLine[]): HTMLElement {
  const model = h(
    "select",
    { id: "f-model", name: "model" },
    h("option", { value: "" }, "All models"),
    models.map(({ name, title }) =>
      h("option", { value: name, selected: name === wanted.model }, title),
    ),
  );
  const verdict = h(
    "select",
    { id: "f-verdict", name: "verdict" },
    h("option", { value: "" }, "All verdicts"),
    (Object.keys(VERDICTS) as Verdict[]).map((word) =>
      h("option", { value: word, selected: word === wanted.verdict }, VERDICTS[word]),
    ),
  );
  const subject = h("input", {
    id: "f-subject",
    name: "subject",
    value: wanted.subject,
    placeholder: "0x…",
    pattern: "0x[0-9a-fA-F]{1,64}",
    title: "0x and the subject’s first digits",
    autocomplete: "off",
    spellcheck: "false",
  });
  const apply = (): void => {
    if (!subject.checkValidity()) return void subject.reportValidity();
    const set = Object.entries({
      model: model.value,
      verdict: verdict.value,
      subject: subject.value,
    });
    const search = new URLSearchParams(set.filter(([, value]) => value)).toString();
    location.hash = search ? `#/?${search}` : "#/";
  };
  const labelled = (text: string, field: HTMLElement): HTMLElement =>
    h("div", {}, h("label", { for: field.id }, text), field);
  const form = h(
    "form",
    { class: "filters", role: "search", "aria-label": "Filter the decisions", onchange: apply },
    labelled("Model", model),
    labelled("Verdict", verdict),
    labelled("Subject begins with", subject),
    Object.values(wanted).some(Boolean) && h("a", { class: "clear", href: "#/" }, "Clear"),
  );
  form.addEventListener("submit", (event) => (event.preventDefault(), apply()));
  return form;
}
