// The `tensors` encoding: any list of ONNX tensors as one byte string, and back.
//
// Each tensor is dtype u8 | rank u8 | extents u32 big-endian each | elements. The dtype is ONNX's
// TensorProto.DataType. Elements are little-endian in C order; a text is its UTF-8 length (u32
// big-endian) and its bytes; a bool is 0 or 1. Nothing follows the last tensor.
// Typed arrays are little-endian wherever JavaScript runs today.

import { InvalidInput } from "../errors.ts";
import type { TensorSpec } from "./card.ts";

/** What one element is in JavaScript; a bool is 0 or 1. */
export type Element = number | bigint | string;

/** As onnxruntime's tensors are, too. */
export interface Tensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: Elements;
}

export type Elements = NumberElements | BigIntElements | string[];
type NumberElements =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Int32Array
  | Uint32Array;
type BigIntElements = BigInt64Array | BigUint64Array;

/** A dtype: its number in ONNX, and the arrays that hold it. */
export interface Dtype {
  readonly code: number;
  readonly kind: "float" | "int" | "uint" | "string" | "bool";
  /** Bytes of one element; 0 for texts. */
  readonly size: number;
  /** The array of these elements. */
  readonly from: (elements: readonly Element[]) => Elements;
  /** The array over these little-endian bytes, which begin their buffer. */
  readonly over: (bytes: Uint8Array<ArrayBuffer>) => Elements;
}

interface ArrayType {
  readonly BYTES_PER_ELEMENT: number;
  from(elements: readonly Element[]): Elements;
  new (buffer: ArrayBuffer): Elements;
}

const MAX_RANK = 8;

function held(code: number, kind: Dtype["kind"], constructor: unknown): Dtype {
  const Held = constructor as ArrayType;
  return {
    code,
    kind,
    size: Held.BYTES_PER_ELEMENT,
    from: (elements) => Held.from(elements),
    over: (bytes) => new Held(bytes.buffer),
  };
}

// JavaScript's newest array; where it is missing, so is the dtype.
const { Float16Array } = globalThis as { Float16Array?: unknown };

/** The dtypes that JavaScript can hold, by name. */
export const DTYPES: Readonly<Record<string, Dtype>> = {
  float32: held(1, "float", Float32Array),
  uint8: held(2, "uint", Uint8Array),
  int8: held(3, "int", Int8Array),
  uint16: held(4, "uint", Uint16Array),
  int16: held(5, "int", Int16Array),
  int32: held(6, "int", Int32Array),
  int64: held(7, "int", BigInt64Array),
  string: {
    code: 8,
    kind: "string",
    size: 0,
    from: (elements) => elements.map(String),
    over: () => [],
  },
  bool: held(9, "bool", Uint8Array),
  ...(Float16Array ? { float16: held(10, "float", Float16Array) } : {}),
  float64: held(11, "float", Float64Array),
  uint32: held(12, "uint", Uint32Array),
  uint64: held(13, "uint", BigUint64Array),
};

const NAMES = new Map(Object.entries(DTYPES).map(([name, { code }]) => [code, name]));

/**
 * @throws {InvalidInput} JavaScript's runtime has no such tensors
 */
export function dtype(name: string): Dtype {
  if (Object.hasOwn(DTYPES, name)) return DTYPES[name]!;
  throw new InvalidInput(`no tensor of ${name} can be made here`, "run this model with `oracle`");
}

/** The encoding of tensors, in order. */
export function encodeTensors(tensors: Tensor[]): Uint8Array {
  return concat(tensors.flatMap((tensor) => [header(tensor), body(tensor)]));
}

/**
 * The tensors in a message; the inverse of `encodeTensors`.
 * @param specs what to hold them to, in order; null takes any
 * @param maxElements of all tensors together
 * @throws {InvalidInput} wrong dtype or shape, too many elements, cut short, trailing bytes
 */
export function decodeTensors(
  message: Uint8Array,
  specs: TensorSpec[] | null,
  maxElements: number,
): Tensor[] {
  const reader = new Reader(message);
  const symbols = new Map<string, number>();
  const tensors: Tensor[] = [];
  let budget = maxElements;
  while (specs ? tensors.length < specs.length : !reader.atEnd) {
    const spec = specs?.[tensors.length];
    const where = `tensor ${spec?.name ?? tensors.length}`;
    const [code, rank] = reader.take(2, where) as unknown as [number, number];
    const type = spec?.dtype ?? NAMES.get(code);
    if (!type || dtype(type).code !== code) {
      throw new InvalidInput(`${where} has the dtype code ${code}`, `send ${type ?? "another"}`);
    }
    if (rank > MAX_RANK) throw new InvalidInput(`${where} has rank ${rank}`, "at most 8");
    const dims = Array.from({ length: rank }, () => reader.length(where));
    if (spec) checkShape(dims, spec, symbols);
    budget -= sizeOf(dims);
    if (budget < 0) {
      throw new InvalidInput(
        `${where} of shape [${dims}] is too large`,
        `at most ${maxElements} elements`,
      );
    }
    tensors.push({ type, dims, data: elements(reader, type, sizeOf(dims), where) });
  }
  reader.end();
  return tensors;
}

/** Hold a shape to the card's; a symbol takes its extent at its first use. */
export function checkShape(
  dims: readonly number[],
  { name, shape }: TensorSpec,
  symbols: Map<string, number>,
): void {
  const fits = (want: number | string | null, found: number) => {
    if (typeof want !== "string") return want === null || want === found;
    if (!symbols.has(want)) symbols.set(want, found);
    return symbols.get(want) === found;
  };
  if (dims.length === shape.length && shape.every((want, axis) => fits(want, dims[axis]!))) return;
  throw new InvalidInput(
    `tensor ${name} has the shape [${dims}]`,
    `the card asks for ${JSON.stringify(shape)}`,
  );
}

/** How many elements a shape has. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, extent) => product * extent, 1);
}

/** Byte strings, one after the other. */
export function concat(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}

function header({ type, dims }: Tensor): Uint8Array {
  const bytes = new Uint8Array(2 + 4 * dims.length);
  bytes.set([dtype(type).code, dims.length]);
  const view = new DataView(bytes.buffer);
  dims.forEach((extent, axis) => view.setUint32(2 + 4 * axis, extent));
  return bytes;
}

function body({ data }: Tensor): Uint8Array {
  if (!Array.isArray(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const texts = data.map((text) => new TextEncoder().encode(text));
  return concat(texts.flatMap((text) => [bigEndian32(text.length), text]));
}

function bigEndian32(number: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function elements(reader: Reader, name: string, count: number, where: string): Elements {
  const { size, over } = dtype(name);
  if (name === "string") {
    reader.need(4 * count, where);
    return Array.from({ length: count }, () => reader.text(where));
  }
  const bytes = reader.take(count * size, where);
  if (name === "bool" && bytes.some((octet) => octet > 1)) {
    throw new InvalidInput(`${where} has a bool beyond 1`, "write 0 or 1");
  }
  return over(bytes.slice());
}

class Reader {
  readonly #message: Uint8Array;
  #place = 0;

  constructor(message: Uint8Array) {
    this.#message = message;
  }

  need(size: number, where: string): void {
    if (this.#place + size <= this.#message.length) return;
    throw new InvalidInput(
      `${where} is cut short: ${this.#message.length} bytes, ${this.#place + size} needed`,
      "send the whole encoding",
    );
  }

  take(size: number, where: string): Uint8Array {
    this.need(size, where);
    this.#place += size;
    return this.#message.subarray(this.#place - size, this.#place);
  }

  length(where: string): number {
    const bytes = this.take(4, where);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  }

  text(where: string): string {
    const bytes = this.take(this.length(where), where);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new InvalidInput(`${where} has a text that is not UTF-8`, "encode texts as UTF-8");
    }
  }

  get atEnd(): boolean {
    return this.#place === this.#message.length;
  }

  end(): void {
    if (this.atEnd) return;
    throw new InvalidInput(
      `${this.#message.length - this.#place} bytes follow the last tensor`,
      `the message must end at byte ${this.#place}`,
    );
  }
}
