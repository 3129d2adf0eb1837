// The `tensors` encoding: any list of ONNX tensors as one byte string, and back.
//
// Each tensor is dtype u8 | rank u8 | extents u32 big-endian each | elements. The dtype is ONNX's
// TensorProto.DataType. Elements are little-endian in C order; a text is its UTF-8 length (u32
// big-endian) and its bytes; a bool is 0 or 1. Nothing follows the last tensor.
// Typed arrays are little-endian wherever JavaScript runs today.

import { InvalidInput } from "./errors.js";

/**
 * @typedef {object} TensorSpec one of the card's
 * @property {string} name
 * @property {string} dtype
 * @property {(number | string | null)[]} shape fixed, a symbol whose uses must agree, or any
 */

/**
 * @typedef {object} Tensor as onnxruntime-web's tensors are, too
 * @property {string} type
 * @property {readonly number[]} dims
 * @property {ArrayBufferView | string[]} data
 */

const MAX_RANK = 8;

/** dtype name → its number in ONNX, and the array that holds it. */
export const DTYPES = {
  float32: { code: 1, kind: "float", Elements: Float32Array },
  uint8: { code: 2, kind: "uint", Elements: Uint8Array },
  int8: { code: 3, kind: "int", Elements: Int8Array },
  uint16: { code: 4, kind: "uint", Elements: Uint16Array },
  int16: { code: 5, kind: "int", Elements: Int16Array },
  int32: { code: 6, kind: "int", Elements: Int32Array },
  int64: { code: 7, kind: "int", Elements: BigInt64Array },
  string: { code: 8, kind: "string", Elements: Array },
  bool: { code: 9, kind: "bool", Elements: Uint8Array },
  float16: { code: 10, kind: "float", Elements: globalThis.Float16Array },
  float64: { code: 11, kind: "float", Elements: Float64Array },
  uint32: { code: 12, kind: "uint", Elements: Uint32Array },
  uint64: { code: 13, kind: "uint", Elements: BigUint64Array },
};

const NAMES = new Map(Object.entries(DTYPES).map(([name, { code }]) => [code, name]));

/**
 * @param {string} name
 * @throws {InvalidInput} JavaScript's runtime has no such tensors
 */
export function dtype(name) {
  const found = Object.hasOwn(DTYPES, name) ? DTYPES[name] : undefined;
  if (found?.Elements) return found;
  throw new InvalidInput(`no tensor of ${name} can be made here`, "run this model with `oracle`");
}

/**
 * The encoding of tensors, in order.
 * @param {Tensor[]} tensors
 * @returns {Uint8Array}
 */
export function encodeTensors(tensors) {
  return concat(tensors.flatMap((tensor) => [header(tensor), body(tensor)]));
}

/**
 * The tensors in a message; the inverse of `encodeTensors`.
 * @param {Uint8Array} message
 * @param {TensorSpec[] | null} specs what to hold them to, in order; null takes any
 * @param {number} maxElements of all tensors together
 * @returns {Tensor[]}
 * @throws {InvalidInput} wrong dtype or shape, too many elements, cut short, trailing bytes
 */
export function decodeTensors(message, specs, maxElements) {
  const reader = new Reader(message);
  const symbols = new Map();
  const tensors = [];
  let budget = maxElements;
  while (specs ? tensors.length < specs.length : !reader.atEnd) {
    const spec = specs?.[tensors.length];
    const where = `tensor ${spec?.name ?? tensors.length}`;
    const [code, rank] = reader.take(2, where);
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

/**
 * Hold a shape to the card's; a symbol takes its extent at its first use.
 * @param {readonly number[]} dims
 * @param {TensorSpec} spec
 * @param {Map<string, number>} symbols
 */
export function checkShape(dims, { name, shape }, symbols) {
  const fits = (want, found) => {
    if (typeof want !== "string") return want === null || want === found;
    if (!symbols.has(want)) symbols.set(want, found);
    return symbols.get(want) === found;
  };
  if (dims.length === shape.length && shape.every((want, axis) => fits(want, dims[axis]))) return;
  throw new InvalidInput(
    `tensor ${name} has the shape [${dims}]`,
    `the card asks for ${JSON.stringify(shape)}`,
  );
}

/** How many elements a shape has. */
export function sizeOf(dims) {
  return dims.reduce((product, extent) => product * extent, 1);
}

/** Byte strings, one after the other. */
export function concat(parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}

function header({ type, dims }) {
  const bytes = new Uint8Array(2 + 4 * dims.length);
  bytes.set([dtype(type).code, dims.length]);
  const view = new DataView(bytes.buffer);
  dims.forEach((extent, axis) => view.setUint32(2 + 4 * axis, extent));
  return bytes;
}

function body({ type, data }) {
  if (type !== "string") return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const texts = data.map((text) => new TextEncoder().encode(text));
  return concat(texts.flatMap((text) => [bigEndian32(text.length), text]));
}

function bigEndian32(number) {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function elements(reader, name, count, where) {
  const { Elements } = dtype(name);
  if (name === "string") {
    reader.need(4 * count, where);
    return Array.from({ length: count }, () => reader.text(where));
  }
  const bytes = reader.take(count * Elements.BYTES_PER_ELEMENT, where);
  if (name === "bool" && bytes.some((octet) => octet > 1)) {
    throw new InvalidInput(`${where} has a bool beyond 1`, "write 0 or 1");
  }
  return new Elements(bytes.slice().buffer);
}

class Reader {
  #message;
  #place = 0;

  constructor(message) {
    this.#message = message;
  }

  need(size, where) {
    if (this.#place + size <= this.#message.length) return;
    throw new InvalidInput(
      `${where} is cut short: ${this.#message.length} bytes, ${this.#place + size} needed`,
      "send the whole encoding",
    );
  }

  take(size, where) {
    this.need(size, where);
    this.#place += size;
    return this.#message.subarray(this.#place - size, this.#place);
  }

  length(where) {
    const bytes = this.take(4, where);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  }

  text(where) {
    const bytes = this.take(this.length(where), where);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new InvalidInput(`${where} has a text that is not UTF-8`, "encode texts as UTF-8");
    }
  }

  get atEnd() {
    return this.#place === this.#message.length;
  }

  end() {
    if (this.atEnd) return;
    throw new InvalidInput(
      `${this.#message.length - this.#place} bytes follow the last tensor`,
      `the message must end at byte ${this.#place}`,
    );
  }
}
