// The section with the button that checks what is shown, in this browser; its program is loaded when it is pressed.

import type { Checked } from "../check/check.js";
import { connectionForm, isLetIn, letIn } from "../connection.js";
import { h, section, show } from "../dom.js";
import type { Place } from "../view.js";

/**
 * The section.
 * @param href where the page is when it was loaded anew for an endpoint
 * @param checked what is shown at the time when the button is pressed
 */
export function checkSection(
  href: string,
  checked: () => Checked,
  { query, signal }: Place,
): HTMLElement {
  const steps = h("div", { id: "steps" });
  const form = h("div", {});
  const connection = connectionForm(form, signal);
  const start = async (): Promise<void> => {
    const chosen = connection();
    if (chosen && "url" in chosen && !isLetIn(chosen.url)) {
      return letIn(chosen.url, `${href}?check`);
    }
    button.disabled = true;
    try {
      const { runCheck } = await import("../check/check.js");
      await runCheck(steps, checked(), chosen, signal);
    } catch (error) {
      if (!signal.aborted) show(steps, h("p", { class: "notice", role: "alert" }, String(error)));
    } finally {
      button.disabled = false;
      button.textContent = "Check again";
    }
  };
  const button = h(
    "button",
    { type: "button", class: "main", id: "check", onclick: () => void start() },
    "Check it myself",
  );
  if (query.has("check")) void start();
  return section(
    "Do not take our word for it",
    h(
      "p",
      {},
      "Your browser fetches the receipt and the model, runs the model itself, and compares every fingerprint with the chain. The first time it loads ONNX Runtime (4 MB, from this node).",
    ),
    form,
    h("p", { class: "row" }, button),
    steps,
  );
}
