// What opened votes decide, as the contract's TallyLib has it.

import type { Opening } from "../receipt/receipt.ts";

/** A member's opened vote. */
export interface Vote {
  /** The member's index. */
  member: number;
  opening: Opening;
}

/** What votes decide: the vote that stands for all, and who agrees with it, lowest index first. */
export interface Outcome {
  opening: Opening;
  agreed: number[];
}

/**
 * The outcome of some votes; undefined where they decide nothing. Their order does not matter.
 * @param tolerance of numbers, units of the last decimal; undefined for labels
 */
export function tally(
  votes: readonly Vote[],
  threshold: number,
  tolerance: bigint | undefined,
): Outcome | undefined {
  const asked = commonest(votes.map(({ opening }) => opening.inputHash));
  const same = votes.filter(({ opening }) => opening.inputHash === asked).sort(byWording);
  if (same.length < threshold) return undefined;
  const values = same.map(({ opening }) => opening.value);
  const value = tolerance === undefined ? commonest(values) : median(values, tolerance);
  if (value === undefined) return undefined;
  const agreed = same
    .filter(({ opening }) => distance(opening.value, value) <= (tolerance ?? 0n))
    .map(({ member }) => member)
    .sort((one, other) => one - other);
  if (agreed.length < threshold) return undefined;
  const { opening } = commonestWording(same.filter(({ opening }) => opening.value === value));
  return { opening, agreed };
}

/** What occurs more often than anything else; undefined where two occur as often. */
function commonest<Key>(keys: readonly Key[]): Key | undefined {
  const counts = new Map<Key, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  const [first, second] = [...counts].sort(([, one], [, other]) => other - one);
  return first && first[1] !== second?.[1] ? first[0] : undefined;
}

/** The middle one; of two the lower, where they are within the tolerance of each other. */
function median(ordered: readonly bigint[], tolerance: bigint): bigint | undefined {
  const low = ordered[Math.floor((ordered.length - 1) / 2)]!;
  const high = ordered[Math.floor(ordered.length / 2)]!;
  return high - low <= tolerance ? low : undefined;
}

/** The vote that was cast most often word for word; of several, the middle one. */
function commonestWording(ordered: readonly Vote[]): Vote {
  const wordings: Vote[][] = [];
  for (const vote of ordered) {
    const last = wordings.at(-1);
    if (last && byWording(last[0]!, vote) === 0) last.push(vote);
    else wordings.push([vote]);
  }
  const most = Math.max(...wordings.map(({ length }) => length));
  const commonest = wordings.filter(({ length }) => length === most);
  return commonest[Math.floor((commonest.length - 1) / 2)]![0]!;
}

function byWording({ opening: one }: Vote, { opening: other }: Vote): number {
  if (one.value !== other.value) return one.value < other.value ? -1 : 1;
  if (one.confidence !== other.confidence) return one.confidence - other.confidence;
  if (one.outputHash === other.outputHash) return 0;
  return one.outputHash < other.outputHash ? -1 : 1;
}

function distance(one: bigint, other: bigint): bigint {
  return one > other ? one - other : other - one;
}
