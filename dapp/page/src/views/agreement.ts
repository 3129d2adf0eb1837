// How a committee agrees: one that signs, as this node heard of it; one that votes, as the chain tells it.

import type { Committee } from "../api.js";
import { type Child, h } from "../dom.js";
import { count } from "../numbers.js";
import { hash } from "../words.js";

/** The committee's terms, and each member's part in the latest decisions. */
export function agreement(committee: Committee): Child[] {
  return [
    h("p", {}, `${committee.threshold} of ${committee.members.length} members have to agree.`),
    committee.rounds === null ? signing(committee) : voting(committee, committee.rounds),
  ];
}

function signing({ agreed, apart, voted, peers }: Committee): Child[] {
  const computed = agreed + apart;
  const rows = peers.map((peer) => [hash(peer.member), count(peer.heard), count(peer.apart)]);
  return [
    computed > 0 &&
      h(
        "p",
        {},
        computed === 1
          ? `This node has computed one decision of the committee’s, and ${agreed ? "agrees with it" : "does not agree with it"}.`
          : `This node has computed the latest ${count(computed)} decisions too, and agrees with ${count(agreed)}.`,
        ` Its signature was needed for ${count(voted)}.`,
      ),
    table("Other members", ["Other member", "Heard", "Apart from this node"], rows),
  ];
}

function voting({ decided, voters }: Committee, rounds: number): Child[] {
  const rows = voters.map((each) => [
    hash(each.member),
    ...[each.sealed, each.revealed, each.agreed, each.apart, each.lost].map(count),
  ]);
  const head = ["Member", "Sealed", "Opened", "Agreed", "Apart", "Bonds lost"];
  return [
    h(
      "p",
      {},
      rounds <= 1
        ? [
            "No round of votes is closed yet.",
            `The one round of sealed votes so far came to ${decided ? "a decision" : "nothing"}.`,
          ][rounds]
        : `Of the latest ${count(rounds)} rounds of sealed votes ${count(decided)} came to a decision.`,
    ),
    table("Members’ votes", head, rows),
  ];
}

function table(name: string, head: readonly string[], rows: readonly Child[][]): HTMLElement {
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": name },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          head.map((text) => h("th", { scope: "col" }, text)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map((cells) =>
          h(
            "tr",
            {},
            cells.map((cell) => h("td", {}, cell)),
          ),
        ),
      ),
    ),
  );
}
