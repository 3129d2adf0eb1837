// The sealed votes about a decision: each member's commitment and its opening, as the chain tells them.

import type { Round } from "../api.js";
import { type Child, h, section } from "../dom.js";
import { clock, decimal, money } from "../numbers.js";
import { hash } from "../words.js";

type Vote = Round["votes"][number];
type Part = "agreed" | "apart" | "lost" | "none" | "open";

/** Every round, and every member's part in it. */
export function votesSection(rounds: readonly Round[], currency?: string): HTMLElement {
  return section(
    "Who voted",
    h(
      "p",
      {},
      "Each member first put a sealed fingerprint of its answer on the chain, with a bond, and opened it when nobody could vote any more. So none could copy another’s.",
    ),
    rounds.map((round) => roundOf(round, rounds.length > 1, currency)),
  );
}

function roundOf(round: Round, isNamed: boolean, currency?: string): Child {
  const { votes, threshold } = round;
  const sealed = votes.filter((vote) => vote.sealed).length;
  const opened = votes.filter((vote) => vote.revealed).length;
  return [
    isNamed && h("h3", {}, `Round ${round.round + 1}`),
    h(
      "p",
      {},
      `${sealed} of ${votes.length} members sealed a vote, ${opened} opened it; ${threshold} had to agree. `,
      standing(round),
      ` The bond is ${money(round.bond_wei, currency)} each.`,
    ),
    h("ul", { class: "voters" }, votes.map(voter)),
  ];
}

function standing(round: Round): Child {
  if (round.decided === null) {
    const { seal_until: sealing, reveal_until: opening } = round;
    return ["They seal until ", clock(sealing), " at most, and open until ", clock(opening), "."];
  }
  const agreed = round.votes.filter((vote) => vote.agreed).length;
  const counted = round.closed && [" (counted at ", clock(round.closed.at), ")"];
  return round.decided
    ? [h("strong", {}, `${agreed} agreed`), counted, "."]
    : [h("strong", {}, "Nothing was decided"), counted, "."];
}

function voter(vote: Vote): HTMLElement {
  const part = partOf(vote);
  return h(
    "li",
    { "data-part": part },
    h("p", {}, hash(vote.member), " ", h("strong", {}, words(vote, part))),
    vote.sealed && act("sealed", vote.sealed),
    vote.leaked && act("given away", vote.leaked, ["reported by ", hash(vote.leaked.reporter)]),
    vote.revealed &&
      act("opened", vote.revealed, [
        h("strong", {}, decimal(vote.revealed.text)),
        vote.revealed.holds === false && ", which is not what it sealed",
      ]),
  );
}

function act(
  what: string,
  place: { at: number; tx_hash: string },
  more: Child = null,
): HTMLElement {
  return h(
    "p",
    { class: "quiet act" },
    h("span", {}, what),
    clock(place.at),
    hash(place.tx_hash),
    more && h("span", {}, more),
  );
}

function partOf(vote: Vote): Part {
  if (!vote.sealed) return "none";
  if (vote.bond_lost) return "lost";
  if (vote.agreed) return "agreed";
  return vote.revealed ? "apart" : "open";
}

function words({ leaked }: Vote, part: Part): string {
  return {
    none: "did not vote",
    lost: leaked
      ? "gave its vote away: it is void, and the bond is lost"
      : "never opened its vote: the bond is lost",
    agreed: "agreed",
    apart: "opened, not with the outcome",
    open: "sealed, not opened yet",
  }[part];
}
