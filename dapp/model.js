// A model folder, run in JavaScript: the same card, the same bytes, the same hashes as `oracle`.
//
// The canonical run is one row on one thread. What is hashed is what is run: an input is encoded
// first, and the tensors are decoded from those bytes.

import * as ort from "onnxruntime-web/wasm";
import { utils } from "web3";

import { readCard } from "./card.js";
import { InferenceError, InvalidInput } from "./errors.js";
import { describe } from "./head.js";
import { tensorOf } from "./nested.js";
import { score } from "./outputs.js";
import { decodePacked, encodePacked } from "./packed.js";
import { decodeTensors, dtype, encodeTensors } from "./tensors.js";
import { freshSubject } from "./subject.js";

ort.env.wasm.numThreads = 1;

/**
 * @typedef {object} Prediction the contract's struct
 * @property {string} modelId
 * @property {string} subject
 * @property {string} inputHash
 * @property {string} outputHash
 * @property {bigint} value
 * @property {bigint} confidence parts per million, 0 if not stated
 * @property {bigint} predictedAt Unix time in seconds
 */

export class Model {
  #session;
  #clock;

  /** @private use `Model.load` or `Model.create` */
  constructor({ card, modelId }, session, clock) {
    this.card = card;
    this.id = modelId;
    this.#session = session;
    this.#clock = clock;
  }

  /**
   * The model in a folder of `models/`.
   * @param {string | URL} folder
   * @param {{clock?: () => Promise<bigint> | bigint}} [options] see `create`
   */
  static async load(folder, options) {
    const { readFile } = await import("node:fs/promises");
    const { resolve } = await import("node:path");
    const path = folder instanceof URL ? (await import("node:url")).fileURLToPath(folder) : folder;
    return Model.create((name) => readFile(resolve(path, name)), options);
  }

  /**
   * The model whose files `read` gives.
   * @param {(name: string) => Promise<Uint8Array>} read
   * @param {{clock?: () => Promise<bigint> | bigint}} [options] `clock` is the time of predictions
   *     in Unix seconds; give it the chain's, which refuses predictions from the future
   * @throws {InvalidInput} a file is not the one that the card names
   */
  static async create(read, { clock = machineClock } = {}) {
    const found = readCard(new TextDecoder().decode(await read("card.json")));
    const { external = [], ...file } = found.card.model;
    const onnx = await checked(file, read);
    const externalData = await Promise.all(
      external.map(async (part) => ({ path: part.file, data: await checked(part, read) })),
    );
    const session = await ort.InferenceSession.create(onnx, {
      executionProviders: ["wasm"],
      externalData,
      logSeverityLevel: 3,
    });
    return new Model(found, session, clock);
  }

  /**
   * What the model says about some data, as the contract takes it.
   * @param {unknown} data features by name or in order; for the encoding `tensors`
   *     `{tensors: {name: nested lists}}`
   * @param {string} [subject] 32 bytes: what it is about; a fresh one if left out
   * @returns {Promise<Prediction>}
   */
  async predict(data, subject = freshSubject()) {
    const { inputHash, outputHash, value, confidence } = await this.run(this.encode(data));
    const predictedAt = BigInt(await this.#clock());
    return { modelId: this.id, subject, inputHash, outputHash, value, confidence, predictedAt };
  }

  /**
   * A prediction in words.
   * @param {{value: bigint, confidence: bigint}} prediction
   */
  describe(prediction) {
    return describe(this.card, prediction);
  }

  /**
   * The input bytes of some data, in the card's encoding.
   * @param {unknown} data see `predict`
   * @returns {Uint8Array}
   * @throws {InvalidInput} not an input of this model
   */
  encode(data) {
    const { encoding, features, tensors } = this.card.input;
    if (encoding === "packed") return encodePacked(features, data);
    const names = tensors.map(({ name }) => name);
    const given = Object.keys(data?.tensors ?? {});
    if (given.length !== names.length || !names.every((name) => given.includes(name))) {
      throw new InvalidInput(
        `the input has the tensors ${given.join(", ") || "none"}`,
        `write {"tensors": {…}} with ${names.join(", ")}`,
      );
    }
    return encodeTensors(
      tensors.map(({ name, dtype }) => tensorOf(data.tensors[name], dtype, `tensor ${name}`)),
    );
  }

  /**
   * The canonical run on input bytes, such as a request's event carries.
   * @param {Uint8Array} input
   * @returns {Promise<{inputHash: string, outputHash: string, value: bigint, confidence: bigint, ambiguous: boolean}>}
   * @throws {InvalidInput} the bytes are not exactly one input of this card
   * @throws {InferenceError} the run failed, or gave what the card does not know
   */
  async run(input) {
    const inputs = this.#decode(input);
    const feeds = Object.fromEntries(
      inputs.map(({ type, data, dims }, place) => [
        this.card.input.tensors[place].name,
        new ort.Tensor(type, data, dims),
      ]),
    );
    const names = this.card.outputs.map(({ name }) => name);
    let outputs;
    try {
      outputs = await this.#session.run(feeds, names);
    } catch (error) {
      throw new InferenceError(
        `ONNX Runtime could not run ${this.card.name}: ${error.message}`,
        "a model that ends in a map (ZipMap) runs only with `oracle`; export it without",
      );
    }
    const raw = names.map((name) => outputs[name]);
    return { inputHash: utils.keccak256(input), ...score(this.card, raw) };
  }

  #decode(input) {
    const { input: spec, limits, allow_non_finite_inputs: anyFloat } = this.card;
    if (spec.encoding === "packed") return decodePacked(spec, input);
    const tensors = decodeTensors(input, spec.tensors, limits.max_elements);
    tensors.forEach(({ type, data }, place) => {
      if (anyFloat || dtype(type).kind !== "float" || data.every(Number.isFinite)) return;
      throw new InvalidInput(
        `tensor ${spec.tensors[place].name} holds NaN or infinity`,
        "send finite numbers",
      );
    });
    return tensors;
  }
}

async function checked({ file, sha256, size }, read) {
  const bytes = await read(file);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = utils.bytesToHex(digest).slice(2);
  if (found === sha256 && bytes.length === size) return bytes;
  throw new InvalidInput(
    `${file} has ${bytes.length} bytes and the SHA-256 ${found}`,
    `the card names ${size} bytes and ${sha256}: restore the file`,
  );
}

function machineClock() {
  return BigInt(Math.floor(Date.now() / 1000));
}
