// Exact decimal scaling, by BigInt: numbers with decimals ↔ the integers that the chain sees.

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/;

/**
 * A number in units of 10^-decimals, rounded half to even.
 * @param value finite; a number stands for its shortest decimal text
 * @returns undefined if `value` is no finite number
 */
export function toUnits(value: number | bigint | string, decimals: number): bigint | undefined {
  const match = NUMBER.exec(String(value));
  if (!match) return undefined;
  const [, sign, whole, fraction = "", exponent = "0"] = match;
  const digits = BigInt(whole + fraction);
  const shift = decimals + Number(exponent) - fraction.length;
  const units = shift >= 0 ? digits * power(shift) : divideHalfEven(digits, power(-shift));
  return sign ? -units : units;
}

/** The decimal text that `units` of 10^-decimals stand for, with all its decimals. */
export function fromUnits(units: bigint, decimals: number): string {
  if (decimals === 0) return String(units);
  const digits = String(units < 0n ? -units : units).padStart(decimals + 1, "0");
  const point = digits.length - decimals;
  return `${units < 0n ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** A decimal text in units of 10^-decimals, rounded up. */
export function ceilingUnits(text: string, decimals: number): bigint {
  const fraction = (text.split(".")[1] ?? "").length;
  const scale = Math.max(fraction, decimals);
  return -floorDivide(-toUnits(text, scale)!, power(scale - decimals));
}

/** A quotient, rounded half to even; the divisor is positive. */
export function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  const floor = floorDivide(dividend, divisor);
  const twice = (dividend - floor * divisor) * 2n;
  const up = twice > divisor || (twice === divisor && floor % 2n !== 0n);
  return up ? floor + 1n : floor;
}

/** A finite float rounded half to even, as IEEE 754's roundToIntegralTiesToEven does. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}

function power(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}
