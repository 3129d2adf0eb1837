// The page: which view stands for which address, and the state of node and chain above all of them.

import { NodeError } from "./api.js";
import { h, show } from "./dom.js";
import { live, type Pulse } from "./live.js";
import { title, type View } from "./view.js";
import { showDecision } from "./views/decision.js";
import { showList } from "./views/list.js";
import { showModel, showModels } from "./views/model.js";
import { showPrediction } from "./views/prediction.js";
import { showPredictions } from "./views/predictions.js";
import { refresh } from "./numbers.js";
import { short } from "./words.js";

const main = document.querySelector("#main") as HTMLElement;
let leaving = new AbortController();
let first = true;
let isFailed = false;

const ROUTES: readonly (readonly [RegExp, View])[] = [
  [/^\/$/, showList],
  [/^\/decision\/(0x[0-9a-f]{64})\/(0x[0-9a-f]{64})$/, showDecision],
  [/^\/predictions$/, showPredictions],
  [/^\/prediction\/(0x[0-9a-f]{64})$/, showPrediction],
  [/^\/models$/, showModels],
  [/^\/model\/([^/]+)$/, showModel],
  [
    /^\/ask(?:\/([^/]+))?$/,
    async (root, place) => (await import("./views/ask.js")).showAsk(root, place),
  ],
];

const PULSES: Record<Pulse, string> = {
  connecting: "connecting",
  live: "live",
  unwell: "not ready",
  silent: "no news",
  away: "node away",
};

async function route(): Promise<void> {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const held = document.activeElement?.id;
  const [path = "/", search = ""] = (location.hash.slice(1) || "/").split("?");
  const found = ROUTES.map(([pattern, view]) => [pattern.exec(path), view] as const).find(
    ([match]) => match,
  );
  mark(path);
  isFailed = false;
  try {
    if (!found?.[0]) throw new NodeError("there is no such page", "go back to the decisions", 404);
    const args = found[0].slice(1).map((part) => (part ? decodeURIComponent(part) : ""));
    await found[1](main, { args, query: new URLSearchParams(search), signal });
  } catch (error) {
    if (signal.aborted) return;
    isFailed = true;
    failed(error);
    live.look();
  }
  if (signal.aborted) return;
  if (!first) {
    // Who filters with the keyboard stays where they were; who goes elsewhere begins at its top.
    const again = held ? main.querySelector<HTMLElement>(`#${CSS.escape(held)}`) : null;
    (again ?? main).focus({ preventScroll: true });
    if (!main.querySelector("[data-keep-scroll]")) scrollTo(0, 0);
  }
  first = false;
}

function failed(error: unknown): void {
  const refused =
    error instanceof NodeError ? error : new NodeError(String(error), "load the page again", -1);
  const again = h("button", { type: "button", onclick: () => void route() }, "Try again");
  const head = refused.status === 0 ? "The node is away" : "This can not be shown";
  title(head);
  show(
    main,
    h(
      "section",
      { class: "card empty", role: "alert" },
      h("h1", {}, head),
      h("p", {}, `${refused.what}.`),
      h("p", { class: "quiet" }, refused.remedy),
      h("p", { class: "row" }, again, h("a", { href: "#/" }, "All decisions")),
    ),
  );
}

/** Tell which of the main links is shown. */
function mark(path: string): void {
  const kind = ["/model", "/ask", "/prediction"].find((start) => path.startsWith(start)) ?? "/";
  for (const link of document.querySelectorAll("nav a")) {
    const leads = link.getAttribute("href")?.slice(1).split("?")[0] ?? "";
    if (kind === "/" ? leads === "/" : leads.startsWith(kind))
      link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function tell(pulse: Pulse): void {
  const shown = document.querySelector("#pulse") as HTMLElement;
  shown.dataset["state"] = pulse;
  (shown.lastElementChild as HTMLElement).textContent = PULSES[pulse];
  const readiness = live.readiness;
  if (readiness) {
    const { chain_id: chain, contract } = readiness.network;
    const place = document.querySelector("#place") as HTMLElement;
    place.textContent = `Chain ${chain} · contract ${short(contract)}`;
    place.title = contract;
  }
  const notice = document.querySelector("#notice") as HTMLElement;
  const words = trouble(pulse);
  if (notice.textContent === words.join(" ")) return;
  show(
    notice,
    words.length ? h("p", { class: "notice" }, h("strong", {}, words[0]), " ", words[1]) : null,
  );
}

function trouble(pulse: Pulse): string[] {
  if (pulse === "away") {
    return [
      "The node is away.",
      "What is shown may be old. The page goes on by itself as soon as the node answers.",
    ];
  }
  if (pulse === "silent") {
    return [
      "The node sends no news.",
      "It answers, but too many may be listening to it. The page looks again every few seconds.",
    ];
  }
  if (pulse !== "unwell" || !live.readiness) return [];
  const missing = live.readiness.checks.filter((check) => !check.ok);
  if (missing.some((check) => check.name === "chain")) {
    return [
      "The chain is away.",
      "The node reaches no endpoint, or is behind. Old decisions can be read; nothing new is decided until it is back.",
    ];
  }
  return [
    "The node is not ready:",
    missing.map((check) => `${check.name}: ${check.what}`).join("; "),
  ];
}

addEventListener("hashchange", () => void route());
let before: Pulse = "connecting";
live.on("pulse", (pulse) => {
  const isBack = pulse === "live" && before !== "live";
  before = pulse;
  tell(pulse);
  if (isFailed && isBack) void route();
});
live.start();
setInterval(() => refresh(document), 1000);
void route();
