// A Merkle path, drawn: from one prediction up to the root that is on chain, with what it is hashed with.

import type { Hex } from "viem";

import { batchId, predictionLeaf, rootBy } from "../../../client/src/receipt/merkle.ts";
import type { Anchor, Receipt } from "../../../client/src/receipt/receipt.ts";
import { svg } from "../dom.js";
import { count } from "../numbers.js";
import { short } from "../words.js";

const WIDE = 460;
const STEP = 58;
const MAIN = 24;
const SIDE = 248;
const SHOWN = 7;

/** The path of an anchored prediction. */
export function proofPath({ chain, prediction }: Receipt, anchor: Anchor): SVGElement {
  const { batch, index, log, proof } = anchor;
  const leaf = predictionLeaf(index, prediction);
  const nodes = proof.map((_, level) => rootBy(leaf, proof.slice(0, level + 1)));
  const levels = [...proof.keys()].reverse();
  const shown = levels.length > SHOWN ? [...levels.slice(0, 3), null, ...levels.slice(-3)] : levels;
  const rows: SVGElement[] = [];
  let y = 30;
  const place = (text: string, hash: Hex, kind: string): void => {
    rows.push(node(MAIN, y, text, hash, kind));
    y += STEP;
  };
  place(
    `block ${count(anchor.blockNumber)}: batch ${count(Number(batch.number))}`,
    batchId(chain.id, log, batch),
    "block",
  );
  rows.unshift(trunk(y));
  if (proof.length === 0) {
    place("this prediction, alone in its batch", leaf, "leaf");
    return frame(rows, y);
  }
  place(`root of ${count(batch.count)} predictions`, nodes.at(-1) ?? leaf, "root");
  for (const level of shown) {
    rows.unshift(trunk(y));
    if (level === null) {
      rows.push(svg("text", { x: MAIN + 20, y: y + 5 }, `… ${levels.length - 6} more levels …`));
      y += STEP;
      continue;
    }
    const sibling = proof[level] ?? leaf;
    rows.unshift(branch(y));
    rows.push(node(SIDE, y, "hashed with", sibling, "sibling"));
    if (level === 0) place("this prediction", leaf, "leaf");
    else place("", nodes[level - 1] ?? leaf, "node");
  }
  return frame(rows, y);
}

function frame(rows: SVGElement[], y: number): SVGElement {
  return svg(
    "svg",
    {
      class: "proof",
      viewBox: `0 0 ${WIDE} ${y - STEP + 36}`,
      role: "img",
      "aria-label": "The path of hashes from this prediction to the root that is on chain",
    },
    rows,
  );
}

function node(x: number, y: number, text: string, hash: Hex, kind: string): SVGElement {
  return svg(
    "g",
    { "data-node": kind },
    svg("circle", { cx: x, cy: y, r: 8 }),
    svg("text", { x: x + 20, y: y - (text ? 3 : -5), class: "code" }, short(hash)),
    text && svg("text", { x: x + 20, y: y + 15 }, text),
    svg("title", {}, hash),
  );
}

function trunk(y: number): SVGElement {
  return svg("path", { class: "edge", d: `M${MAIN} ${y - STEP}V${y}` });
}

/** From halfway below the node above to the one that it is hashed with. */
function branch(y: number): SVGElement {
  const from = y - STEP / 2 + 4;
  return svg("path", {
    class: "edge",
    d: `M${MAIN} ${from}H${SIDE - 10}Q${SIDE} ${from} ${SIDE} ${from + 10}V${y}`,
  });
}
