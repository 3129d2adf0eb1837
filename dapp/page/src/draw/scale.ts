// Values on a line: where the policy's bounds are, where one value is, and how the latest ones are spread.

import type { Policy, Verdict } from "../api.js";
import { svg } from "../dom.js";
import { decimal } from "../numbers.js";

const WIDE = 640;
const EDGE = 12;
/** As wide as two numbers that stand side by side need. */
const TEXT = 96;

export interface Bounds {
  low: number;
  high: number;
  acceptHigh: boolean;
}

/** The policy's bounds, where it has any. */
export function boundsOf(policy: Policy | null): Bounds | null {
  if (policy?.kind !== "threshold" || policy.high_from == null || policy.low_below == null)
    return null;
  return {
    low: Number(policy.low_below),
    high: Number(policy.high_from),
    acceptHigh: policy.accept_high === true,
  };
}

/** One value among the policy's zones. */
export function gauge(value: number, bounds: Bounds, words: string): SVGElement {
  const [from, to] = range([value, bounds.low, bounds.high]);
  const x = placer(from, to);
  const at = x(value);
  return svg(
    "svg",
    { class: "gauge", viewBox: `0 0 ${WIDE} 64`, role: "img", "aria-label": words },
    zones(bounds, x, from, to, 26, 10),
    svg("path", { class: "needle", d: `M${at} 22l-7-11h14z` }),
    svg("circle", { class: "needle", cx: at, cy: 31, r: 4 }),
    marks(bounds, x, 54),
  );
}

/** How the latest values are spread, coloured by verdict. */
export function histogram(
  recent: readonly { value: number; verdict: Verdict }[],
  bounds: Bounds | null,
  words: string,
): SVGElement {
  const [from, to] = range([
    ...recent.map(({ value }) => value),
    ...(bounds ? [bounds.low, bounds.high] : []),
  ]);
  const bins = 32;
  const step = (to - from) / bins;
  const counts = Array.from({ length: bins }, () => ({ accept: 0, reject: 0, review: 0 }));
  for (const { value, verdict } of recent) {
    const bin = counts[Math.min(bins - 1, Math.floor((value - from) / step))];
    if (bin) bin[verdict] += 1;
  }
  const most = Math.max(1, ...counts.map((bin) => bin.accept + bin.reject + bin.review));
  const x = placer(from, to);
  const isFree = (end: number): boolean =>
    !bounds || [bounds.low, bounds.high].every((each) => Math.abs(x(each) - x(end)) > TEXT);
  const bars = counts.flatMap((bin, place) => {
    let base = 150;
    return (["accept", "review", "reject"] as const).map((verdict) => {
      const height = (bin[verdict] / most) * 138;
      base -= height;
      const width = (WIDE - 2 * EDGE) / bins - 2;
      return svg("rect", {
        x: x(from + place * step) + 1,
        y: base,
        width,
        height,
        rx: 1.5,
        "data-kind": verdict,
      });
    });
  });
  return svg(
    "svg",
    { class: "histogram", viewBox: `0 0 ${WIDE} 184`, role: "img", "aria-label": words },
    bars,
    bounds && zones(bounds, x, from, to, 153, 5),
    bounds && marks(bounds, x, 178),
    // An end is left out where a bound is written in its place.
    isFree(from) && label(EDGE, 178, trim(from), "start"),
    isFree(to) && label(WIDE - EDGE, 178, trim(to), "end"),
  );
}

/** How often each verdict was given, as one bar. */
export function shares(counts: Record<Verdict, number>, words: string): SVGElement {
  const all = Math.max(1, counts.accept + counts.reject + counts.review);
  let at = 0;
  const parts = (["accept", "review", "reject"] as const).map((verdict) => {
    const width = (counts[verdict] / all) * WIDE;
    at += width;
    return svg("rect", { x: at - width, y: 0, width, height: 16, "data-kind": verdict });
  });
  return svg(
    "svg",
    {
      class: "shares",
      viewBox: `0 0 ${WIDE} 16`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": words,
    },
    parts,
  );
}

function zones(
  bounds: Bounds,
  x: (value: number) => number,
  from: number,
  to: number,
  y: number,
  height: number,
): SVGElement[] {
  const zone = (low: number, high: number, kind: Verdict): SVGElement =>
    svg("rect", { x: x(low), y, width: Math.max(0, x(high) - x(low)), height, "data-kind": kind });
  return [
    zone(from, bounds.low, bounds.acceptHigh ? "reject" : "accept"),
    zone(bounds.low, bounds.high, "review"),
    zone(bounds.high, to, bounds.acceptHigh ? "accept" : "reject"),
  ];
}

function marks({ low, high }: Bounds, x: (value: number) => number, y: number): SVGElement[] {
  if (low === high || x(high) - x(low) < 62)
    return [
      label(
        (x(low) + x(high)) / 2,
        y,
        low === high ? trim(low) : `${trim(low)} … ${trim(high)}`,
        "middle",
      ),
    ];
  return [label(x(low), y, trim(low), "middle"), label(x(high), y, trim(high), "middle")];
}

function label(x: number, y: number, text: string, anchor: string): SVGElement {
  return svg("text", { x, y, "text-anchor": anchor }, text);
}

function range(values: readonly number[]): [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (low >= 0 && high <= 1) return [0, 1];
  const air = (high - low || Math.abs(high) || 1) * 0.12;
  return [low >= 0 ? Math.max(0, low - air) : low - air, high + air];
}

function placer(from: number, to: number): (value: number) => number {
  return (value) => EDGE + ((value - from) / (to - from)) * (WIDE - 2 * EDGE);
}

function trim(value: number): string {
  return decimal(String(Number(value.toPrecision(4))));
}
