// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Prediction} from "../types/Prediction.sol";
import {Reading} from "../types/Reading.sol";
import {IDecisionContract} from "./IDecisionContract.sol";

/// @title IDecisionGateway
/// @notice Verified decisions for nothing: views that a client calls like any other. They revert with
/// `OffchainLookup` (ERC-3668), the client fetches prediction and evidence from a node of the model, and calls back;
/// the model's attestor and policy, as registered, judge them here. So a node can refuse to answer, but not lie.
/// @dev Nothing is stored, and nothing becomes a decision: for that there is `IDecisionContract`. Who serves a model's
/// reads is its owner's word (`publish`), and no more than an address to try: whatever it answers is verified.
/// https://eips.ethereum.org/EIPS/eip-3668
interface IDecisionGateway {
    /// @notice A model's reads are served here from now on; no URL at all ends them.
    event GatewayPublished(bytes32 indexed modelId, string[] urls);

    /// @notice Not an error: where to look, as ERC-3668 has it. A client that speaks it never shows this.
    error OffchainLookup(address sender, string[] urls, bytes callData, bytes4 callbackFunction, bytes extraData);
    /// @notice The model's owner published no URL.
    error NoGateway(bytes32 modelId);
    /// @notice The answer is about another model.
    error AnotherModel(bytes32 modelId, bytes32 asked);
    /// @notice The answer is about another input.
    error AnotherInput(bytes32 inputHash, bytes32 asked);
    /// @notice The answer is about another subject.
    error AnotherSubject(bytes32 subject, bytes32 asked);
    /// @notice The stored decision is older than the caller allows.
    error DecisionTooOld(uint40 decidedAt, uint32 maxAge, uint256 timestamp);

    /// @notice Says where reads of models are served, instead of where it was said before. It touches no trust: rules
    /// and attestors are the registry's.
    /// @param modelIds Models, all owned by the caller.
    /// @param urls Where clients look, first one first, in the templates of ERC-3668: with `{data}` they are got, else
    /// posted to.
    function publish(bytes32[] calldata modelIds, string[] calldata urls) external;

    /// @notice What a model says about an input, now.
    /// @dev By the way of ERC-3668; on a chain without such clients, use `IDecisionContract.requestDecision`.
    /// @param modelId The model.
    /// @param input The input bytes, in the encoding of the model's card.
    /// @param maxAge How old the prediction may be, in seconds; 0 for what the registration allows, which binds anyhow.
    /// @return reading The verified prediction under the model's policy.
    function ask(bytes32 modelId, bytes calldata input, uint32 maxAge) external view returns (Reading memory reading);

    /// @notice What is known about a subject: the decision on chain, or else a prediction that the attestor vouches
    /// for though it was never decided, such as an anchored one.
    /// @param modelId The model.
    /// @param subject The subject.
    /// @param maxAge How old it may be, in seconds; 0 for any age of a decision, and what the registration allows of a
    /// prediction.
    /// @return reading The decision, or the verified prediction under the model's policy.
    function find(bytes32 modelId, bytes32 subject, uint32 maxAge) external view returns (Reading memory reading);

    /// @notice Takes a node's answer to `ask`; clients call it by themselves.
    /// @param response The return values of `IDecisionLookup.predict`.
    /// @param extraData What `ask` sent along: model, input's hash and greatest age.
    /// @return reading See `ask`.
    function askCallback(
        bytes calldata response,
        bytes calldata extraData
    ) external view returns (Reading memory reading);

    /// @notice Takes a node's answer to `find`; clients call it by themselves.
    /// @param response The return values of `IDecisionLookup.find`.
    /// @param extraData What `find` sent along: model, subject and greatest age.
    /// @return reading See `find`.
    function findCallback(
        bytes calldata response,
        bytes calldata extraData
    ) external view returns (Reading memory reading);

    /// @notice Judges a prediction by its evidence, as both callbacks do: a contract that was handed them can too.
    /// @dev Bind the subject or the input yourself. Reverts with the decision contract's errors.
    /// @param prediction The prediction.
    /// @param evidence What the attestor checks; where that is an address, its EIP-712 signature in this gateway's
    /// domain: 65 bytes by its key, also where it delegates to code (EIP-7702), or what its code takes (EIP-1271).
    /// @param maxAge How old the prediction may be, in seconds; 0 for what the registration allows.
    /// @return reading The prediction under the model's policy.
    function verify(
        Prediction calldata prediction,
        bytes calldata evidence,
        uint32 maxAge
    ) external view returns (Reading memory reading);

    /// @notice The contract whose models are read.
    function decisionContract() external view returns (IDecisionContract);

    /// @notice Where a model's reads are served.
    function urlsOf(bytes32 modelId) external view returns (string[] memory urls);

    /// @notice The subject of a prediction that answers `ask`. It holds the time, so a second prediction about the same
    /// input is one about another subject; and it is never a request's id.
    function subjectOf(bytes32 modelId, bytes32 inputHash, uint40 predictedAt) external view returns (bytes32 subject);

    /// @notice What an operator signs for `verify`.
    function digestOf(Prediction calldata prediction) external view returns (bytes32 digest);
}
