// A model, run in JavaScript: the same card, the same bytes, the same hashes as `oracle`.
//
// The canonical run is one row on one thread. What is hashed is what is run: an input is encoded
// first, and the tensors are decoded from those bytes.

import { type Hex, bytesToHex, keccak256 } from "viem";

import { InferenceError, InvalidInput } from "../errors.ts";
import type { Prediction } from "../prediction.ts";
import { type Card, type FileDigest, modelIdOf, readCard } from "./card.ts";
import { describe } from "./head.ts";
import { tensorOf } from "./nested.ts";
import { type Scored, score } from "./outputs.ts";
import { decodePacked, encodePacked } from "./packed.ts";
import type { Runtime, Session } from "./runtime.ts";
import { freshSubject } from "./subject.ts";
import { type Tensor, decodeTensors, dtype, encodeTensors } from "./tensors.ts";

/** Reads a file of the model's folder: `card.json`, or one that the card names. */
export type ReadFile = (name: string) => Promise<Uint8Array>;

export interface ModelOptions {
  /** `onnxruntime-web/wasm` or `onnxruntime-node`. */
  runtime: Runtime;
  /** The time of predictions in Unix seconds: give it the chain's, which refuses the future. */
  clock?: () => Promise<bigint | number> | bigint | number;
}

/** What one run said. */
export interface Run extends Scored {
  inputHash: Hex;
}

export class Model {
  readonly card: Card;
  readonly id: Hex;
  readonly #session: Session;
  readonly #options: ModelOptions;

  private constructor(card: Card, id: Hex, session: Session, options: ModelOptions) {
    this.card = card;
    this.id = id;
    this.#session = session;
    this.#options = options;
  }

  /**
   * The model whose files `read` gives.
   * @throws {InvalidInput} a file is not the one that the card names
   */
  static async create(read: ReadFile, options: ModelOptions): Promise<Model> {
    const { card } = readCard(new TextDecoder().decode(await read("card.json")));
    return Model.ofCard(card, read, options);
  }

  /**
   * The model of a card, whose other files `read` gives.
   * @throws {InvalidInput} a file is not the one that the card names
   */
  static async ofCard(card: Card, read: ReadFile, options: ModelOptions): Promise<Model> {
    const { external = [], ...file } = card.model;
    const onnx = await checked(file, read);
    const externalData = await Promise.all(
      external.map(async (part) => ({ path: part.file, data: await checked(part, read) })),
    );
    const session = await options.runtime.InferenceSession.create(onnx, {
      executionProviders: ["cpu"],
      externalData,
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
    return new Model(card, modelIdOf(card), session, options);
  }

  /**
   * What the model says about some data, as the contract takes it.
   * @param data features by name or in order; for the encoding `tensors`
   *     `{tensors: {name: nested lists}}`
   * @param subject 32 bytes: what it is about; a fresh one if left out
   */
  async predict(data: unknown, subject: Hex = freshSubject()): Promise<Prediction> {
    const { inputHash, outputHash, value, confidence } = await this.run(this.encode(data));
    const predictedAt = Number(await (this.#options.clock ?? machineClock)());
    return { modelId: this.id, subject, inputHash, outputHash, value, confidence, predictedAt };
  }

  /** A prediction in words. */
  describe(prediction: Pick<Prediction, "value" | "confidence">): string {
    return describe(this.card, prediction);
  }

  /**
   * The input bytes of some data, in the card's encoding.
   * @throws {InvalidInput} not an input of this model
   */
  encode(data: unknown): Uint8Array {
    return encodeInput(this.card, data);
  }

  /**
   * The canonical run on input bytes, such as a request's event carries.
   * @throws {InvalidInput} the bytes are not exactly one input of this card
   * @throws {InferenceError} the run failed, or gave what the card does not know
   */
  async run(input: Uint8Array): Promise<Run> {
    const { Tensor } = this.#options.runtime;
    const feeds = Object.fromEntries(
      decodeInput(this.card, input).map(({ type, data, dims }, place) => [
        this.card.input.tensors[place]!.name,
        new Tensor(type, data, dims),
      ]),
    );
    const names = this.card.outputs.map(({ name }) => name);
    let outputs: Record<string, Tensor>;
    try {
      outputs = await this.#session.run(feeds, names);
    } catch (error) {
      throw new InferenceError(
        `ONNX Runtime could not run ${this.card.name}: ${(error as Error).message}`,
        "a model that ends in a map (ZipMap) runs only with `oracle`; export it without",
      );
    }
    const raw = names.map((name) => outputs[name]!);
    return { inputHash: keccak256(input), ...score(this.card, raw) };
  }
}

/**
 * The input bytes of some data, in the card's encoding.
 * @param data see `Model.predict`
 * @throws {InvalidInput} not an input of this card
 */
export function encodeInput(card: Card, data: unknown): Uint8Array {
  const { encoding, features = [], tensors } = card.input;
  if (encoding === "packed") return encodePacked(features, data);
  const named = (data as { tensors?: Record<string, unknown> } | undefined)?.tensors ?? {};
  const names = tensors.map(({ name }) => name);
  const given = Object.keys(named);
  if (given.length !== names.length || !names.every((name) => given.includes(name))) {
    throw new InvalidInput(
      `the input has the tensors ${given.join(", ") || "none"}`,
      `write {"tensors": {…}} with ${names.join(", ")}`,
    );
  }
  return encodeTensors(
    tensors.map(({ name, dtype }) => tensorOf(named[name], dtype, `tensor ${name}`)),
  );
}

/**
 * The tensors in input bytes, in the card's order.
 * @throws {InvalidInput} the bytes are not exactly one input of this card
 */
export function decodeInput(card: Card, input: Uint8Array): Tensor[] {
  const { input: spec, limits, allow_non_finite_inputs: anyFloat } = card;
  if (spec.encoding === "packed") return decodePacked(spec, input);
  const tensors = decodeTensors(input, spec.tensors, limits.max_elements);
  tensors.forEach(({ type, data }, place) => {
    if (anyFloat || dtype(type).kind !== "float") return;
    if ((data as Float32Array).every(Number.isFinite)) return;
    throw new InvalidInput(
      `tensor ${spec.tensors[place]!.name} holds NaN or infinity`,
      "send finite numbers",
    );
  });
  return tensors;
}

async function checked({ file, sha256, size }: FileDigest, read: ReadFile): Promise<Uint8Array> {
  const bytes = await read(file);
  const found = bytesToHex(await sha256Of(bytes)).slice(2);
  if (found === sha256 && bytes.length === size) return bytes;
  throw new InvalidInput(
    `${file} has ${bytes.length} bytes and the SHA-256 ${found}`,
    `the card names ${size} bytes and ${sha256}: restore the file`,
  );
}

/** SHA-256, 32 bytes. */
export async function sha256Of(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}

function machineClock(): number {
  return Math.floor(Date.now() / 1000);
}
