// What can go wrong: each error says what was wrong, with the value, and what to do.

export class OracleError extends Error {
  readonly what: string;
  readonly remedy: string;

  /**
   * @param what what was wrong, with the value
   * @param remedy what to do
   */
  constructor(what: string, remedy: string, options?: ErrorOptions) {
    super(`${what}; ${remedy}`, options);
    this.name = new.target.name;
    this.what = what;
    this.remedy = remedy;
  }
}

/** The caller gave something that is not taken: an input the card does not allow, no receipt. */
export class InvalidInput extends OracleError {}

/** The model could not be run, or said something that its card does not know. */
export class InferenceError extends OracleError {}

/** The chain lacks something that is needed, or refused. */
export class ChainError extends OracleError {}

/** A hash, a signature, a proof or a decision is not what it should be. */
export class VerificationError extends OracleError {}

/** The node refused, or could not be reached. */
export class NodeError extends OracleError {
  /** The HTTP status; 0 where nothing answered. */
  readonly status: number;

  constructor(what: string, remedy: string, status: number, options?: ErrorOptions) {
    super(what, remedy, options);
    this.status = status;
  }
}
