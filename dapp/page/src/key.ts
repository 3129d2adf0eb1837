// Why something is not shown to everybody, and where to write the key that shows it.

import { access, NodeError } from "./api.js";
import { type Child, h } from "./dom.js";

/** Whether the node asks for a key, or for another one. */
export function isKeyNeeded(error: unknown): error is NodeError {
  return error instanceof NodeError && [401, 403].includes(error.status);
}

/** The reason, and a field for a key; `again` does anew what was refused. */
export function keyForm(why: Child, again: () => void, act = "Show it"): HTMLElement {
  const id = `key-${Math.random().toString(36).slice(2)}`;
  const key = h("input", { id, type: "password", autocomplete: "off", required: true });
  const form = h(
    "form",
    { class: "locked" },
    h("p", {}, why),
    access.key &&
      h("p", { class: "notice", role: "alert" }, "The key that you wrote does not open it."),
    h("label", { for: id }, "API key of this node"),
    h("p", { class: "row" }, key, h("button", { type: "submit" }, act)),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    access.key = key.value.trim();
    again();
  });
  return form;
}
