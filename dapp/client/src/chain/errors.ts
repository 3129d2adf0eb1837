// What a contract refused, in words.

import { BaseError, ContractFunctionRevertedError } from "viem";

import { ChainError, OracleError } from "../errors.ts";

const REMEDIES: Record<string, string> = {
  AlreadyDecided: "read the decision that there is, or take another subject",
  AlreadyRefunded: "ask again",
  DeadlineNotPassed: "wait until the deadline has passed",
  DeadlineOutOfRange: "choose a deadline after now and within the contract's longest",
  FeeTooLow: "pay the model's fee at least",
  ModelIsPaused: "wait until its owner lets it take requests again",
  NoCredit: "withdraw from the account that was credited",
  UnknownModel: "register the model, or give the id of a registered one",
};

/** An error of viem, in words. */
export function refusal(error: unknown): OracleError {
  if (error instanceof OracleError) return error;
  if (!(error instanceof BaseError)) throw error;
  const reverted = error.walk((each) => each instanceof ContractFunctionRevertedError);
  const found = (reverted as ContractFunctionRevertedError | null)?.data;
  if (!found) return new ChainError(error.shortMessage, "see the cause", { cause: error });
  const values = (found.args ?? []).join(", ");
  return new ChainError(
    `the contract refused: ${found.errorName}(${values})`,
    REMEDIES[found.errorName] ?? "see the contract's interface",
    { cause: error },
  );
}
