// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IAttestor} from "../interfaces/IAttestor.sol";
import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
import {IDecisionGateway} from "../interfaces/IDecisionGateway.sol";
import {IDecisionLookup} from "../interfaces/IDecisionLookup.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IPolicy} from "../interfaces/IPolicy.sol";
import {PredictionLib} from "../libraries/PredictionLib.sol";
import {Verdicts} from "../libraries/Verdicts.sol";
import {Decision} from "../types/Decision.sol";
import {Model} from "../types/Model.sol";
import {Prediction} from "../types/Prediction.sol";
import {Reading} from "../types/Reading.sol";

/// @title DecisionGateway
/// @notice See `IDecisionGateway`.
/// @dev It judges as `DecisionContract` does a prediction that nobody asked for on chain, rule by rule.
contract DecisionGateway is EIP712, IDecisionGateway {
    using PredictionLib for Prediction;

    uint32 private constant PARTS_PER_MILLION = 1_000_000;

    /// @inheritdoc IDecisionGateway
    IDecisionContract public immutable decisionContract;

    mapping(bytes32 modelId => string[] urls) private _urls;

    /// @notice Fixes whose models are read.
    /// @param decisionContract_ See `decisionContract`.
    constructor(IDecisionContract decisionContract_) EIP712("Decision Oracle", "1") {
        decisionContract = decisionContract_;
    }

    /// @inheritdoc IDecisionGateway
    function publish(bytes32[] calldata modelIds, string[] calldata urls) external {
        for (uint256 i = 0; i < modelIds.length; ++i) {
            bytes32 modelId = modelIds[i];
            address owner = decisionContract.modelOf(modelId).owner;
            require(owner != address(0), IModelRegistry.UnknownModel(modelId));
            require(msg.sender == owner, IModelRegistry.NotModelOwner(msg.sender, owner));

            _urls[modelId] = urls;
            emit GatewayPublished(modelId, urls);
        }
    }

    /// @inheritdoc IDecisionGateway
    function ask(bytes32 modelId, bytes calldata input, uint32 maxAge) external view returns (Reading memory) {
        _look(
            modelId,
            abi.encodeCall(IDecisionLookup.predict, (block.chainid, modelId, input, uint40(block.timestamp))),
            this.askCallback.selector,
            abi.encode(modelId, keccak256(input), maxAge)
        );
    }

    /// @inheritdoc IDecisionGateway
    function find(bytes32 modelId, bytes32 subject, uint32 maxAge) external view returns (Reading memory) {
        Decision memory decision = decisionContract.decisionOf(modelId, subject);
        if (decision.verdict != Verdicts.NONE) return _stored(decision, maxAge);
        _look(
            modelId,
            abi.encodeCall(IDecisionLookup.find, (block.chainid, modelId, subject)),
            this.findCallback.selector,
            abi.encode(modelId, subject, maxAge)
        );
    }

    /// @inheritdoc IDecisionGateway
    function askCallback(bytes calldata response, bytes calldata extraData) external view returns (Reading memory) {
        (Prediction memory prediction, bytes memory evidence) = abi.decode(response, (Prediction, bytes));
        (bytes32 modelId, bytes32 inputHash, uint32 maxAge) = abi.decode(extraData, (bytes32, bytes32, uint32));
        require(prediction.inputHash == inputHash, AnotherInput(prediction.inputHash, inputHash));
        bytes32 subject = subjectOf(modelId, inputHash, prediction.predictedAt);
        return _verifyAbout(modelId, subject, prediction, evidence, maxAge);
    }

    /// @inheritdoc IDecisionGateway
    function findCallback(bytes calldata response, bytes calldata extraData) external view returns (Reading memory) {
        (Prediction memory prediction, bytes memory evidence) = abi.decode(response, (Prediction, bytes));
        (bytes32 modelId, bytes32 subject, uint32 maxAge) = abi.decode(extraData, (bytes32, bytes32, uint32));
        return _verifyAbout(modelId, subject, prediction, evidence, maxAge);
    }

    /// @inheritdoc IDecisionGateway
    function urlsOf(bytes32 modelId) external view returns (string[] memory) {
        return _urls[modelId];
    }

    /// @inheritdoc IDecisionGateway
    function verify(
        Prediction calldata prediction,
        bytes calldata evidence,
        uint32 maxAge
    ) public view returns (Reading memory) {
        bytes32 modelId = prediction.modelId;
        Model memory model = decisionContract.modelOf(modelId);
        _requireActive(modelId, model);
        _requireSane(prediction, model.maxAge);
        _requireSane(prediction, maxAge);
        require(
            _isVouchedFor(model, prediction, evidence),
            IDecisionContract.NotVouched(model.attestor, modelId, prediction.subject)
        );
        return
            Reading({
                value: prediction.value,
                confidence: prediction.confidence,
                asOf: prediction.predictedAt,
                verdict: _judge(prediction, model.policy),
                trustLevel: model.trustLevel
            });
    }

    /// @inheritdoc IDecisionGateway
    function subjectOf(bytes32 modelId, bytes32 inputHash, uint40 predictedAt) public view returns (bytes32) {
        bytes32 hash = keccak256(abi.encode(block.chainid, address(this), modelId, inputHash, predictedAt));
        return hash >> 8; // begins with a zero byte, as no request's id does
    }

    /// @inheritdoc IDecisionGateway
    function digestOf(Prediction calldata prediction) public view returns (bytes32) {
        return _hashTypedDataV4(prediction.structHash());
    }

    function _verifyAbout(
        bytes32 modelId,
        bytes32 subject,
        Prediction memory prediction,
        bytes memory evidence,
        uint32 maxAge
    ) private view returns (Reading memory) {
        require(prediction.modelId == modelId, AnotherModel(prediction.modelId, modelId));
        require(prediction.subject == subject, AnotherSubject(prediction.subject, subject));
        // An external call to itself: `verify` and what it asks take calldata.
        return this.verify(prediction, evidence, maxAge);
    }

    /// @dev Never returns.
    function _look(
        bytes32 modelId,
        bytes memory callData,
        bytes4 callbackFunction,
        bytes memory extraData
    ) private view {
        _requireActive(modelId, decisionContract.modelOf(modelId));
        string[] memory urls = _urls[modelId];
        require(urls.length != 0, NoGateway(modelId));
        revert OffchainLookup(address(this), urls, callData, callbackFunction, extraData);
    }

    function _isVouchedFor(
        Model memory model,
        Prediction calldata prediction,
        bytes calldata evidence
    ) private view returns (bool) {
        if (model.verifies) return IAttestor(model.attestor).verify(prediction, evidence);
        return _isSignedBy(model.attestor, digestOf(prediction), evidence);
    }

    /// @dev A key signs for its own address, whatever code that delegates to (EIP-7702): the key sends its
    /// transactions, so makes its decisions, too. For any other signature the address's code has the word.
    function _isSignedBy(address operator, bytes32 digest, bytes calldata signature) private view returns (bool) {
        (address signer, ECDSA.RecoverError fault, ) = ECDSA.tryRecoverCalldata(digest, signature);
        if (fault == ECDSA.RecoverError.NoError && signer == operator) return true;
        return SignatureChecker.isValidERC1271SignatureNowCalldata(operator, digest, signature);
    }

    function _judge(Prediction calldata prediction, address policy) private view returns (uint8 verdict) {
        verdict = IPolicy(policy).decide(prediction);
        require(Verdicts.isVerdict(verdict), IDecisionContract.UnknownVerdict(policy, verdict));
    }

    function _stored(Decision memory decision, uint32 maxAge) private view returns (Reading memory) {
        bool fresh = maxAge == 0 || block.timestamp - decision.decidedAt <= maxAge;
        require(fresh, DecisionTooOld(decision.decidedAt, maxAge, block.timestamp));
        return
            Reading({
                value: decision.value,
                confidence: decision.confidence,
                asOf: decision.decidedAt,
                verdict: decision.verdict,
                trustLevel: decision.trustLevel
            });
    }

    function _requireActive(bytes32 modelId, Model memory model) private view {
        require(model.owner != address(0), IModelRegistry.UnknownModel(modelId));
        require(!model.paused, IModelRegistry.ModelIsPaused(modelId));
        bool due = model.changeAt != 0 && block.timestamp > model.changeAt;
        require(!due, IModelRegistry.ModelChangeDue(modelId, model.changeAt));
    }

    function _requireSane(Prediction calldata prediction, uint32 maxAge) private view {
        uint40 predictedAt = prediction.predictedAt;
        require(predictedAt <= block.timestamp, IDecisionContract.PredictionInFuture(predictedAt, block.timestamp));
        bool fresh = maxAge == 0 || block.timestamp - predictedAt <= maxAge;
        require(fresh, IDecisionContract.PredictionTooOld(predictedAt, maxAge, block.timestamp));
        uint32 confidence = prediction.confidence;
        require(confidence <= PARTS_PER_MILLION, IDecisionContract.ConfidenceTooHigh(confidence));
    }
}
