// What can go wrong here: each error says what was wrong, with the value, and what to do.

export class OracleError extends Error {
  /**
   * @param {string} what what was wrong, with the value
   * @param {string} remedy what to do
   */
  constructor(what, remedy) {
    super(`${what}; ${remedy}`);
    this.name = new.target.name;
    this.what = what;
    this.remedy = remedy;
  }
}

/** The caller gave something that the model card does not take. */
export class InvalidInput extends OracleError {}

/** The model could not be run, or said something that its card does not know. */
export class InferenceError extends OracleError {}

/** The chain lacks something that is needed. */
export class ChainError extends OracleError {}
