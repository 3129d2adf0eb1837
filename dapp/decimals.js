// Exact decimal scaling, by BigInt: numbers with decimals ↔ the integers that the chain sees.

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/;

/**
 * A number in units of 10^-decimals, rounded half to even.
 * @param {number | bigint | string} value finite; a number stands for its shortest decimal text
 * @param {number} decimals
 * @returns {bigint | undefined} undefined if `value` is no finite number
 */
export function toUnits(value, decimals) {
  const match = NUMBER.exec(String(value));
  if (!match) return undefined;
  const [, sign, whole, fraction = "", exponent = "0"] = match;
  const digits = BigInt(whole + fraction);
  const shift = decimals + Number(exponent) - fraction.length;
  const units = shift >= 0 ? digits * power(shift) : divideHalfEven(digits, power(-shift));
  return sign ? -units : units;
}

/**
 * The decimal text that `units` of 10^-decimals stand for, with all its decimals.
 * @param {bigint} units
 * @param {number} decimals
 */
export function fromUnits(units, decimals) {
  if (decimals === 0) return String(units);
  const digits = String(units < 0n ? -units : units).padStart(decimals + 1, "0");
  const point = digits.length - decimals;
  return `${units < 0n ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/**
 * A decimal text in units of 10^-decimals, rounded up.
 * @param {string} text
 * @param {number} decimals
 */
export function ceilingUnits(text, decimals) {
  const fraction = (text.split(".")[1] ?? "").length;
  const scale = Math.max(fraction, decimals);
  const fine = toUnits(text, scale);
  return -floorDivide(-fine, power(scale - decimals));
}

/**
 * A quotient, rounded half to even.
 * @param {bigint} dividend
 * @param {bigint} divisor positive
 */
export function divideHalfEven(dividend, divisor) {
  const floor = floorDivide(dividend, divisor);
  const twice = (dividend - floor * divisor) * 2n;
  const up = twice > divisor || (twice === divisor && floor % 2n !== 0n);
  return up ? floor + 1n : floor;
}

/**
 * A float rounded half to even to a whole number, as IEEE 754's roundToIntegralTiesToEven does.
 * @param {number} x finite
 */
export function roundHalfEven(x) {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

function floorDivide(dividend, divisor) {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}

function power(exponent) {
  return 10n ** BigInt(exponent);
}
