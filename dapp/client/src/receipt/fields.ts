// Strict reading of JSON objects: each field is taken once, what is left is refused.

import type { Address, Hex } from "viem";

import { InvalidInput } from "../errors.ts";
import type { Json } from "./json.ts";

/** One JSON object, being read. */
export class Fields {
  readonly where: string;
  readonly #left: Map<string, Json>;

  /**
   * @param where its place in the document, for messages
   * @throws {InvalidInput} the value is no object
   */
  constructor(value: Json | undefined, where: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new InvalidInput(`${where} is ${shown(value)}, not an object`, "write an object there");
    }
    this.where = where;
    this.#left = new Map(Object.entries(value));
  }

  has(name: string): boolean {
    return this.#left.has(name);
  }

  /** The field as it was parsed; the caller checks it. */
  take(name: string): Json {
    const value = this.#left.get(name);
    if (value === undefined) {
      throw new InvalidInput(`${this.where} lacks the field '${name}'`, "add it");
    }
    this.#left.delete(name);
    return value;
  }

  /** A text that matches the pattern from end to end. */
  text(name: string, pattern = /^[^\0]+$/s, hint = "a text"): string {
    const value = this.take(name);
    if (typeof value === "string" && pattern.test(value)) return value;
    throw this.wrong(name, value, hint);
  }

  /** One of these words. */
  word<Word extends string>(name: string, words: readonly Word[]): Word {
    const value = this.take(name);
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    throw this.wrong(name, value, `one of ${words.join(", ")}`);
  }

  /** Bytes in lower-case hex. */
  hex(name: string, size?: number): Hex {
    const pattern =
      size === undefined ? /^0x([0-9a-f]{2})*$/ : new RegExp(`^0x[0-9a-f]{${2 * size}}$`);
    const digits = size === undefined ? "" : `${2 * size} `;
    return this.text(name, pattern, `0x and ${digits}lower-case hex digits`) as Hex;
  }

  /** An address, as it is written. */
  address(name: string): Address {
    return this.text(name, ADDRESS, "an address: 0x and 40 hex digits") as Address;
  }

  integer(name: string, low: number, high: number): number {
    const value = this.take(name);
    if (typeof value === "number" && low <= value && value <= high) return value;
    throw this.wrong(name, value, `an integer within ${low} … ${high}`);
  }

  /** An integer that is written as a text of digits. */
  digits(name: string, low: bigint, high: bigint, type: string): bigint {
    const text = this.text(name, /^(0|-?[1-9][0-9]{0,38})$/, "an integer as a text");
    const value = BigInt(text);
    if (low <= value && value <= high) return value;
    throw new InvalidInput(`${this.where}.${name} is ${text}`, `it must fit ${type}`);
  }

  flag(name: string): boolean {
    const value = this.take(name);
    if (typeof value === "boolean") return value;
    throw this.wrong(name, value, "true or false");
  }

  array(name: string): Json[] {
    const value = this.take(name);
    if (Array.isArray(value)) return value;
    throw this.wrong(name, value, "a list");
  }

  /** Addresses, at least one and no two equal. */
  addresses(name: string, most: number): Address[] {
    const value = this.array(name);
    const texts = value.filter((item) => typeof item === "string");
    const distinct = new Set(texts.map((text) => text.toLowerCase()));
    if (distinct.size !== value.length || !value.length) {
      throw this.wrong(name, value, "a list of texts, no two equal");
    }
    if (texts.length <= most && texts.every((text) => ADDRESS.test(text)))
      return texts as Address[];
    throw this.wrong(name, value, `at most ${most} addresses`);
  }

  /** An object of texts. */
  texts(name: string): Record<string, string> {
    const value = this.take(name);
    const fields =
      typeof value === "object" && value !== null && !Array.isArray(value) ? value : { "": 0 };
    if (Object.values(fields).every((item) => typeof item === "string")) {
      return fields as Record<string, string>;
    }
    throw this.wrong(name, value, "an object of texts");
  }

  nested(name: string): Fields {
    return new Fields(this.take(name), `${this.where}.${name}`);
  }

  objects(name: string): Fields[] {
    return this.array(name).map(
      (item, place) => new Fields(item, `${this.where}.${name}[${place}]`),
    );
  }

  /** What the read gives, once every field was taken. */
  whole<Read>(found: Read): Read {
    if (!this.#left.size) return found;
    const names = [...this.#left.keys()].sort().join(", ");
    throw new InvalidInput(`${this.where} has unknown fields: ${names}`, "leave them out");
  }

  wrong(name: string, value: Json, hint: string): InvalidInput {
    return new InvalidInput(`${this.where}.${name} is ${shown(value)}`, `it must be ${hint}`);
  }
}

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

function shown(value: Json | undefined): string {
  return (JSON.stringify(value) ?? "missing").slice(0, 80);
}
