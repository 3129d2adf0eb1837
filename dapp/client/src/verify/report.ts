// What was checked, in order, each check with its outcome.

import { BaseError, HttpRequestError, RpcRequestError, TimeoutError } from "viem";

import { ChainError, InvalidInput, OracleError, VerificationError } from "../errors.ts";

/** One check. */
export interface Check {
  /** What is checked, in one or two words. */
  readonly name: string;
  readonly outcome: "held" | "failed" | "skipped";
  /** What holds, what does not, or why it was not checked. */
  readonly what: string;
}

const DISTRUST = "somebody changed something: do not rely on this receipt";

/** The checks of one receipt, as they are made. */
export class Report {
  readonly checks: Check[] = [];
  readonly #told: (check: Check) => void;

  /** @param told called with each check as soon as its outcome is known */
  constructor(told: (check: Check) => void = () => {}) {
    this.#told = told;
  }

  /**
   * One check: it holds if `make` returns what it says, and fails with what `make` throws.
   * @throws {VerificationError} what does not hold
   * @throws {OracleError} it could not be found out: no chain, no model
   */
  async check(name: string, make: () => string | Promise<string>): Promise<void> {
    let what: string;
    try {
      what = await make();
    } catch (error) {
      const found = inWords(error);
      this.#add({ name, outcome: "failed", what: found.what });
      throw found;
    }
    this.#add({ name, outcome: "held", what });
  }

  /** A check that can not be made. */
  skip(name: string, what: string): void {
    this.#add({ name, outcome: "skipped", what });
  }

  #add(check: Check): void {
    this.checks.push(check);
    this.#told(check);
  }
}

/** The error of a check: a form that is refused, or that nobody expected, does not hold. */
function inWords(error: unknown): OracleError {
  if (error instanceof OracleError && !(error instanceof InvalidInput)) return error;
  if (error instanceof BaseError && error.walk(isOfTheEndpoint)) {
    return new ChainError(error.shortMessage, "try again, or ask another endpoint", {
      cause: error,
    });
  }
  const { message, remedy = DISTRUST, what = message } = error as Partial<OracleError>;
  return new VerificationError(what ?? String(error), remedy, { cause: error });
}

function isOfTheEndpoint(error: unknown): boolean {
  return [HttpRequestError, RpcRequestError, TimeoutError].some((kind) => error instanceof kind);
}

/**
 * Holds a value to what it has to be.
 * @throws {VerificationError} with both
 */
export function same(
  name: string,
  found: unknown,
  wanted: unknown,
  remedy: string = DISTRUST,
): void {
  if (text(found) === text(wanted)) return;
  throw new VerificationError(`${name} is ${text(found)}, it has to be ${text(wanted)}`, remedy);
}

/** As `same`, for addresses, however they are written. */
export function sameAddress(name: string, found?: string | null, wanted?: string): void {
  same(name, String(found).toLowerCase(), String(wanted).toLowerCase());
}

function text(value: unknown): string {
  return Array.isArray(value) ? value.join(", ") : String(value);
}
