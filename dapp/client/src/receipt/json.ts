// JSON with one meaning: repeated keys, floats and integers beyond 2^53 are refused.
//
// JSON.parse takes the last of repeated keys and reads 1.0 as 1, so that two readers of one text may
// see two documents.

import { InvalidInput } from "../errors.ts";

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

const MAX_DEPTH = 64;
const TOKEN = /\s*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?[0-9][0-9.eE+-]*)|(true|false|null))/y;

/**
 * The JSON of a text.
 * @param where what the text is, for messages
 * @throws {InvalidInput} it is no such JSON
 */
export function parseStrict(text: string, where: string): Json {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new InvalidInput(`the ${where} is not JSON: ${(error as Error).message}`, "correct it");
  }
  return new Reader(text, where).value(0);
}

/** Reads a text that is known to be well formed. */
class Reader {
  readonly #text: string;
  readonly #where: string;
  #place = 0;

  constructor(text: string, where: string) {
    this.#text = text;
    this.#where = where;
  }

  value(depth: number): Json {
    if (depth > MAX_DEPTH) throw this.#refusal(`is nested deeper than ${MAX_DEPTH}`);
    const token = this.#next();
    if (token === "{") return this.#object(depth);
    if (token === "[") return this.#array(depth);
    if (!/^[-0-9]/.test(token)) return JSON.parse(token) as Json;
    if (/[.eE]/.test(token)) {
      throw this.#refusal(`holds the float ${token}`, "write decimal numbers as strings");
    }
    if (Number.isSafeInteger(Number(token)) && token !== "-0") return Number(token);
    throw this.#refusal(`holds the integer ${token}`, "write integers beyond 2^53 as strings");
  }

  #object(depth: number): Json {
    const found: [string, Json][] = [];
    const names = new Set<string>();
    for (let token = this.#next(); token !== "}"; token = this.#next()) {
      if (token === ",") continue;
      const name = JSON.parse(token) as string;
      if (names.has(name)) throw this.#refusal(`repeats a key: ${name}`, "name each field once");
      names.add(name);
      this.#next(); // the colon
      found.push([name, this.value(depth + 1)]);
    }
    return Object.fromEntries(found);
  }

  #array(depth: number): Json[] {
    const found: Json[] = [];
    while (this.#peek() !== "]") {
      if (this.#peek() === ",") this.#next();
      else found.push(this.value(depth + 1));
    }
    this.#next();
    return found;
  }

  #peek(): string {
    const before = this.#place;
    const token = this.#next();
    this.#place = before;
    return token;
  }

  #next(): string {
    TOKEN.lastIndex = this.#place;
    const match = TOKEN.exec(this.#text);
    if (!match) throw this.#refusal("ends too early");
    this.#place = TOKEN.lastIndex;
    return match[0].trimStart();
  }

  #refusal(what: string, remedy = "correct it"): InvalidInput {
    return new InvalidInput(`the ${this.#where} ${what}`, remedy);
  }
}
