// A decision's way through the node, drawn: one stop for each stage, further apart the longer it took.

import type { Account } from "../api.js";
import { h } from "../dom.js";
import { lasted } from "../numbers.js";
import { hash, STATES } from "../words.js";

/** The timeline as a list whose stops a style sheet draws. */
export function timeline(account: Account): HTMLElement {
  const stages = account.timeline;
  const longest = Math.max(0.001, ...stages.map((stage) => stage.seconds));
  return h(
    "ol",
    { class: "timeline" },
    stages.map((stage, place) => {
      const item = h(
        "li",
        { "data-state": stage.state },
        h("strong", {}, STATES[stage.state]),
        h("span", { class: "quiet" }, place ? `after ${lasted(stage.seconds)}` : "began"),
        h("span", { class: "quiet note" }, note(stage.note)),
      );
      item.style.setProperty("--took", (stage.seconds / longest).toFixed(3));
      return item;
    }),
  );
}

function note(text: string): (Node | string)[] {
  return text
    .split(/(0x[0-9a-fA-F]{40,64})/)
    .map((part) => (part.startsWith("0x") && part.length >= 42 ? hash(part) : part));
}
