// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Decision} from "../types/Decision.sol";
import {Prediction} from "../types/Prediction.sol";
import {Request} from "../types/Request.sol";
import {IModelRegistry} from "./IModelRegistry.sol";

/// @title IDecisionContract
/// @notice Requests, decisions, fees and callbacks. A prediction that the model's attestor vouches for becomes,
/// through the model's policy, a decision. One (model, subject) is decided once, and a decision never changes. Nobody
/// owns this contract.
/// @dev A subject that begins with `RequestIdLib.TAG` is a request's id and can be decided only while that request is
/// open; any other subject is the operator's own reference and can be decided unasked.
interface IDecisionContract is IModelRegistry {
    /// @notice A decision was asked for; `input` is what the model is to be run on.
    event DecisionRequested(
        bytes32 indexed modelId,
        bytes32 indexed requestId,
        address indexed requester,
        bytes input,
        uint24 callbackGas,
        uint40 deadline,
        uint32 feeGwei
    );
    /// @notice A decision was asked for on an input that is found at `evidenceURI` and hashes to `inputHash`.
    event DecisionRequestedByHash(
        bytes32 indexed modelId,
        bytes32 indexed requestId,
        address indexed requester,
        bytes32 inputHash,
        string evidenceURI,
        uint24 callbackGas,
        uint40 deadline,
        uint32 feeGwei
    );
    /// @notice A decision is final.
    event DecisionMade(
        bytes32 indexed modelId,
        bytes32 indexed subject,
        bytes32 inputHash,
        bytes32 outputHash,
        int128 value,
        uint32 confidence,
        uint40 predictedAt,
        uint8 verdict,
        uint8 trustLevel
    );
    /// @notice The requester could not be called back; `retryCallback` can try again.
    event CallbackFailed(bytes32 indexed modelId, bytes32 indexed requestId, address indexed requester);
    /// @notice A callback that had failed was delivered.
    event CallbackRetried(bytes32 indexed modelId, bytes32 indexed requestId, address indexed requester);
    /// @notice A request was not answered in time; its fee was credited back.
    event RequestRefunded(
        bytes32 indexed modelId,
        bytes32 indexed requestId,
        address indexed requester,
        uint32 feeGwei
    );
    /// @notice A credit was paid out, in wei.
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    /// @notice The sent value, in wei, is not a whole number of gwei.
    error FeeNotWholeGwei(uint256 sent);
    /// @notice The sent value, in wei, is 2^32 gwei or more.
    error FeeTooHigh(uint256 sent);
    /// @notice The sent value is below the model's fee.
    error FeeTooLow(uint32 sentGwei, uint32 requiredGwei);
    /// @notice The deadline is not after now, or lies beyond the latest one allowed.
    error DeadlineOutOfRange(uint40 deadline, uint256 latest);
    /// @notice The subject is a request's id, and there is no such request.
    error UnknownRequest(bytes32 modelId, bytes32 requestId);
    /// @notice The request's id is taken.
    error RequestExists(bytes32 modelId, bytes32 requestId);
    /// @notice The request was not answered in time and is refunded.
    error AlreadyRefunded(bytes32 modelId, bytes32 requestId);
    /// @notice The request's last second has passed.
    error DeadlinePassed(bytes32 requestId, uint40 deadline);
    /// @notice The request can still be answered.
    error DeadlineNotPassed(bytes32 requestId, uint40 deadline);
    /// @notice The subject has its decision.
    error AlreadyDecided(bytes32 modelId, bytes32 subject);
    /// @notice The prediction is about another input than the one that was asked about.
    error InputMismatch(bytes32 requestId, bytes32 inputHash);
    /// @notice The caller is not the model's attestor.
    error NotAttestor(address caller, address attestor);
    /// @notice The attestor is an address that decides by its own transactions, not a contract that checks evidence.
    error AttestorTakesNoEvidence(address attestor);
    /// @notice The attestor does not vouch for the prediction.
    error NotVouched(address attestor, bytes32 modelId, bytes32 subject);
    /// @notice The prediction's time has not come.
    error PredictionInFuture(uint40 predictedAt, uint256 timestamp);
    /// @notice The prediction is older than the model allows.
    error PredictionTooOld(uint40 predictedAt, uint32 maxAge, uint256 timestamp);
    /// @notice The confidence is above a million parts per million.
    error ConfidenceTooHigh(uint32 confidence);
    /// @notice The policy answered with something that is no verdict.
    error UnknownVerdict(address policy, uint8 verdict);
    /// @notice The transaction has too little gas left to give the callback what the request asked for.
    error CallbackGasTooLow(uint256 needed, uint256 available);
    /// @notice The decision has no failed callback.
    error CallbackNotFailed(bytes32 modelId, bytes32 requestId);
    /// @notice The callback failed again.
    error CallbackFailedAgain(bytes32 requestId, address requester);
    /// @notice The request was not made by this requester with this nonce.
    error NotRequester(bytes32 requestId, address requester, uint256 nonce);
    /// @notice The account has no credit.
    error NoCredit(address account);

    /// @notice Asks for a decision on an input that everybody may read. The value sent is the fee: at least the
    /// model's, a whole number of gwei, below 2^32 gwei; it is escrowed until the answer or the refund.
    /// @param modelId The model to ask.
    /// @param input The model's input, in the encoding that its card states.
    /// @param callbackGas Exact gas for `IDecisionConsumer.onDecision` on the caller; 0 for no callback.
    /// @param deadline The last second for an answer: after now, at most `CHANGE_DELAY` away, and not beyond a pending
    /// change of the model.
    /// @return requestId The request's id, which is the decision's subject.
    function requestDecision(
        bytes32 modelId,
        bytes calldata input,
        uint24 callbackGas,
        uint40 deadline
    ) external payable returns (bytes32 requestId);

    /// @notice Asks for a decision on a large or private input. Otherwise as `requestDecision`.
    /// @param modelId The model to ask.
    /// @param inputHash keccak256 of the input.
    /// @param evidenceURI Where the operator finds the input; only the event keeps it.
    /// @param callbackGas Exact gas for `IDecisionConsumer.onDecision` on the caller; 0 for no callback.
    /// @param deadline As in `requestDecision`.
    /// @return requestId The request's id, which is the decision's subject.
    function requestDecisionByHash(
        bytes32 modelId,
        bytes32 inputHash,
        string calldata evidenceURI,
        uint24 callbackGas,
        uint40 deadline
    ) external payable returns (bytes32 requestId);

    /// @notice Decides on a prediction that the caller, the model's attestor, vouches for with this transaction.
    /// @param prediction What the model said.
    function makeDecision(Prediction calldata prediction) external;

    /// @notice Decides on several predictions, each as `makeDecision` would, in order and in a frame of its own: one
    /// that is refused, or burns its gas, leaves the others alone.
    /// @dev Saves the base cost of a transaction for all but one. A prediction that is refused is left out without an
    /// event; `makeDecision` tells why. Whatever the transaction's gas, what was made stays made: with too little of it
    /// the last ones are left out, and no callback gets less than was asked for.
    /// @param predictions What the models said.
    /// @param gasEach The most gas for one of them, its callback included. That each has it needs 64/63 of it and 5,000
    /// for each in the transaction, and 30,000.
    /// @return made Which of them this call decided on; one that a callback within it decided on is not among them.
    function makeDecisions(Prediction[] calldata predictions, uint256 gasEach) external returns (bool[] memory made);

    /// @notice Decides on a prediction that the model's attestor, a contract, vouches for. Anyone may relay.
    /// @dev Where the attestor is an `IFeeSharer`, it is told of the fee at last, after the callback.
    /// @param prediction What the model said.
    /// @param evidence What the attestor checks.
    function relayDecision(Prediction calldata prediction, bytes calldata evidence) external;

    /// @notice Calls a requester again whose callback failed. Anyone may; the callback gets all gas there is, and at
    /// least what the request named. Reverts if it fails again.
    /// @param modelId The model that decided.
    /// @param requestId The request.
    /// @param requester Who asked.
    /// @param nonce The requester's count of earlier requests when it asked.
    function retryCallback(bytes32 modelId, bytes32 requestId, address requester, uint256 nonce) external;

    /// @notice Credits the fee of a request that was not answered in time back to its requester. Anyone may.
    /// @param modelId The model that was asked.
    /// @param requestId The request.
    function refund(bytes32 modelId, bytes32 requestId) external;

    /// @notice Pays out the caller's whole credit.
    /// @param to Who receives it.
    function withdraw(address payable to) external;

    /// @notice The decision about a subject; all zero if there is none.
    /// @param modelId The model.
    /// @param subject A request's id or the operator's own reference.
    /// @return decision The decision.
    function decisionOf(bytes32 modelId, bytes32 subject) external view returns (Decision memory decision);

    /// @notice A request; once decided only its status is left, in the events is the rest.
    /// @param modelId The model that was asked.
    /// @param requestId The request.
    /// @return request The request.
    function requestOf(bytes32 modelId, bytes32 requestId) external view returns (Request memory request);

    /// @notice The id of a request to this contract on this chain.
    /// @param requester Who asks.
    /// @param nonce The requester's count of earlier requests.
    /// @param modelId The model that is asked.
    /// @param inputHash keccak256 of the input.
    /// @return requestId The id.
    function requestIdOf(
        address requester,
        uint256 nonce,
        bytes32 modelId,
        bytes32 inputHash
    ) external view returns (bytes32 requestId);

    /// @notice How many requests an account has made: the nonce of its next one.
    /// @param requester The account.
    /// @return nonce The count.
    function nonceOf(address requester) external view returns (uint256 nonce);

    /// @notice What an account can withdraw: fees earned as an attestor, and refunds.
    /// @param account The account.
    /// @return credit The credit in wei.
    function creditOf(address account) external view returns (uint256 credit);
}
