// The few marks of Markdown that a model's README has: headings, paragraphs, lists, tables, code.

import { type Child, h } from "./dom.js";

/** Markdown as elements; what is not known stays text. */
export function markdown(text: string): Child[] {
  return text
    .split(/\n{2,}/)
    .map((block) => block.trim())
    .filter(Boolean)
    .map(blockOf);
}

function blockOf(block: string): Child {
  const lines = block.split("\n");
  if (lines.every((line) => line.startsWith("|")) && lines.length > 2) return tableOf(lines);
  if (lines.every((line) => /^[-*] /.test(line))) {
    return h(
      "ul",
      {},
      lines.map((line) => h("li", {}, inline(line.slice(2)))),
    );
  }
  const heading = /^#{1,4} (.+)$/.exec(block);
  if (heading) return h("h3", {}, inline(heading[1] ?? ""));
  return h("p", {}, inline(lines.join(" ")));
}

function tableOf([head = "", , ...rows]: string[]): Child {
  const cells = (line: string): string[] =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": "Figures" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          cells(head).map((cell) => h("th", { scope: "col" }, inline(cell))),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map((row) =>
          h(
            "tr",
            {},
            cells(row).map((cell) => h("td", {}, inline(cell))),
          ),
        ),
      ),
    ),
  );
}

function inline(text: string): Child[] {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith("`") && part.length > 2) return h("code", {}, part.slice(1, -1));
    if (part.startsWith("**") && part.length > 4) return h("strong", {}, part.slice(2, -2));
    return part;
  });
}
