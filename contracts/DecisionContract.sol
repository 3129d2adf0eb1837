// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {ModelRegistry} from "./ModelRegistry.sol";
import {IAttestor} from "./interfaces/IAttestor.sol";
import {IDecisionContract} from "./interfaces/IDecisionContract.sol";
import {IPolicy} from "./interfaces/IPolicy.sol";
import {CallbackLib} from "./libraries/CallbackLib.sol";
import {RequestIdLib} from "./libraries/RequestIdLib.sol";
import {SubjectSlot} from "./libraries/SubjectSlot.sol";
import {Verdicts} from "./libraries/Verdicts.sol";
import {CallbackStatus, Decision} from "./types/Decision.sol";
import {Model} from "./types/Model.sol";
import {Prediction} from "./types/Prediction.sol";
import {Request, RequestStatus} from "./types/Request.sol";

/// @title DecisionContract
/// @dev Money: the fees of open requests, in their slots, and `_credits` are all that this contract owes. Its balance is
/// never read, so ether forced upon it changes nothing.
contract DecisionContract is ModelRegistry, IDecisionContract {
    using RequestIdLib for bytes32;
    using SubjectSlot for uint256;
    using SubjectSlot for Decision;

    uint32 private constant PARTS_PER_MILLION = 1_000_000;

    mapping(bytes32 modelId => mapping(bytes32 subject => uint256 slot)) private _slots;
    mapping(address requester => uint256 nonce) private _nonces;
    mapping(address account => uint256 credit) private _credits;

    /// @inheritdoc IDecisionContract
    function requestDecision(
        bytes32 modelId,
        bytes calldata input,
        uint24 callbackGas,
        uint40 deadline
    ) external payable returns (bytes32 requestId) {
        uint32 feeGwei;
        (requestId, feeGwei) = _open(modelId, keccak256(input), callbackGas, deadline);
        emit DecisionRequested(modelId, requestId, msg.sender, input, callbackGas, deadline, feeGwei);
    }

    /// @inheritdoc IDecisionContract
    function requestDecisionByHash(
        bytes32 modelId,
        bytes32 inputHash,
        string calldata evidenceURI,
        uint24 callbackGas,
        uint40 deadline
    ) external payable returns (bytes32 requestId) {
        uint32 feeGwei;
        (requestId, feeGwei) = _open(modelId, inputHash, callbackGas, deadline);
        emit DecisionRequestedByHash(
            modelId,
            requestId,
            msg.sender,
            inputHash,
            evidenceURI,
            callbackGas,
            deadline,
            feeGwei
        );
    }

    /// @inheritdoc IDecisionContract
    function makeDecision(Prediction calldata prediction) external {
        Model storage model = _models[prediction.modelId];
        address attestor = model.attestor;
        require(attestor != address(0), UnknownModel(prediction.modelId));
        require(msg.sender == attestor, NotAttestor(msg.sender, attestor));

        _decide(prediction, model);
    }

    /// @inheritdoc IDecisionContract
    function relayDecision(Prediction calldata prediction, bytes calldata evidence) external {
        Model storage model = _models[prediction.modelId];
        address attestor = model.attestor;
        require(attestor != address(0), UnknownModel(prediction.modelId));
        require(model.verifies, AttestorTakesNoEvidence(attestor));
        require(
            IAttestor(attestor).verify(prediction, evidence),
            NotVouched(attestor, prediction.modelId, prediction.subject)
        );

        _decide(prediction, model);
    }

    /// @inheritdoc IDecisionContract
    function retryCallback(bytes32 modelId, bytes32 requestId, address requester, uint256 nonce) external {
        uint256 slot = _slots[modelId][requestId];
        Decision memory decision = slot.toDecision();
        require(decision.callback == CallbackStatus.Failed, CallbackNotFailed(modelId, requestId));
        require(
            requestId.isFrom(requester, nonce, modelId),
            NotRequester(requestId, requester, nonce)
        );

        decision.callback = CallbackStatus.Delivered;
        _slots[modelId][requestId] = slot.withCallback(CallbackStatus.Delivered);
        emit CallbackRetried(modelId, requestId, requester);

        require(
            CallbackLib.callFully(requester, slot.callbackGasOf(), modelId, requestId, decision),
            CallbackFailedAgain(requestId, requester)
        );
    }

    /// @inheritdoc IDecisionContract
    function refund(bytes32 modelId, bytes32 requestId) external {
        uint256 slot = _slots[modelId][requestId];
        Request memory request = _openRequest(slot, modelId, requestId);
        require(block.timestamp > request.deadline, DeadlineNotPassed(requestId, request.deadline));

        _slots[modelId][requestId] = slot.withStatus(RequestStatus.Refunded);
        _credit(request.requester, request.feeGwei);
        emit RequestRefunded(modelId, requestId, request.requester, request.feeGwei);
    }

    /// @inheritdoc IDecisionContract
    function withdraw(address payable to) external {
        uint256 amount = _credits[msg.sender];
        require(amount != 0, NoCredit(msg.sender));

        _credits[msg.sender] = 0;
        emit Withdrawn(msg.sender, to, amount);

        Address.sendValue(to, amount);
    }

    /// @inheritdoc IDecisionContract
    function decisionOf(bytes32 modelId, bytes32 subject) external view returns (Decision memory) {
        return _slots[modelId][subject].toDecision();
    }

    /// @inheritdoc IDecisionContract
    function requestOf(bytes32 modelId, bytes32 requestId) external view returns (Request memory) {
        return _slots[modelId][requestId].toRequest();
    }

    /// @inheritdoc IDecisionContract
    function requestIdOf(
        address requester,
        uint256 nonce,
        bytes32 modelId,
        bytes32 inputHash
    ) external view returns (bytes32) {
        return RequestIdLib.derive(requester, nonce, modelId, inputHash);
    }

    /// @inheritdoc IDecisionContract
    function nonceOf(address requester) external view returns (uint256) {
        return _nonces[requester];
    }

    /// @inheritdoc IDecisionContract
    function creditOf(address account) external view returns (uint256) {
        return _credits[account];
    }

    function _open(
        bytes32 modelId,
        bytes32 inputHash,
        uint24 callbackGas,
        uint40 deadline
    ) private returns (bytes32 requestId, uint32 feeGwei) {
        Model storage model = _models[modelId];
        require(model.attestor != address(0), UnknownModel(modelId));
        require(!model.paused, ModelIsPaused(modelId));
        _requireDeadline(modelId, model.changeAt, deadline);
        feeGwei = _requireFee(model.feeGwei);
        requestId = RequestIdLib.derive(msg.sender, _nonces[msg.sender]++, modelId, inputHash);
        // 12 bytes of origin can be made to collide by one who owns both sides; it must not undo a decision.
        require(_slots[modelId][requestId] == 0, RequestExists(modelId, requestId));

        _slots[modelId][requestId] = SubjectSlot.ofRequest(
            msg.sender,
            callbackGas,
            SafeCast.toUint32(deadline),
            feeGwei
        );
    }

    function _decide(Prediction calldata prediction, Model storage model) private {
        bytes32 modelId = prediction.modelId;
        bytes32 subject = prediction.subject;
        uint40 changeAt = model.changeAt;
        require(changeAt == 0 || block.timestamp <= changeAt, ModelChangeDue(modelId, changeAt));
        _requireSane(prediction, model.maxAge);

        Request memory request;
        uint256 slot = _slots[modelId][subject];
        if (subject.isRequestId()) {
            request = _openRequest(slot, modelId, subject);
            require(block.timestamp <= request.deadline, DeadlinePassed(subject, request.deadline));
            require(subject.isAbout(prediction.inputHash), InputMismatch(subject, prediction.inputHash));
        } else {
            require(slot == 0, AlreadyDecided(modelId, subject));
            require(!model.paused, ModelIsPaused(modelId));
        }

        Decision memory decision = Decision({
            value: prediction.value,
            confidence: prediction.confidence,
            decidedAt: uint40(block.timestamp),
            verdict: _judge(prediction, model.policy),
            trustLevel: model.trustLevel,
            callback: request.callbackGas == 0 ? CallbackStatus.None : CallbackStatus.Delivered
        });
        slot = decision.ofDecision(request.callbackGas);
        _slots[modelId][subject] = slot;
        _credit(model.attestor, request.feeGwei);
        emit DecisionMade(
            modelId,
            subject,
            prediction.inputHash,
            prediction.outputHash,
            decision.value,
            decision.confidence,
            prediction.predictedAt,
            decision.verdict,
            decision.trustLevel
        );

        if (request.callbackGas == 0) return;
        if (CallbackLib.callExactly(request.requester, request.callbackGas, modelId, subject, decision)) return;
        _slots[modelId][subject] = slot.withCallback(CallbackStatus.Failed);
        emit CallbackFailed(modelId, subject, request.requester);
    }

    function _credit(address account, uint32 feeGwei) private {
        if (feeGwei != 0) _credits[account] += uint256(feeGwei) * 1 gwei;
    }

    function _openRequest(
        uint256 slot,
        bytes32 modelId,
        bytes32 requestId
    ) private pure returns (Request memory request) {
        request = slot.toRequest();
        require(request.status != RequestStatus.None, UnknownRequest(modelId, requestId));
        require(request.status != RequestStatus.Decided, AlreadyDecided(modelId, requestId));
        require(request.status == RequestStatus.Open, AlreadyRefunded(modelId, requestId));
    }

    function _requireDeadline(bytes32 modelId, uint40 changeAt, uint40 deadline) private view {
        uint256 latest = block.timestamp + CHANGE_DELAY;
        if (changeAt != 0) {
            require(block.timestamp <= changeAt, ModelChangeDue(modelId, changeAt));
            if (changeAt < latest) latest = changeAt;
        }
        require(deadline > block.timestamp && deadline <= latest, DeadlineOutOfRange(deadline, latest));
    }

    function _requireFee(uint32 leastGwei) private view returns (uint32 feeGwei) {
        uint256 gwei_ = msg.value / 1 gwei;
        require(gwei_ * 1 gwei == msg.value && gwei_ <= type(uint32).max, FeeNotWholeGwei(msg.value));
        require(gwei_ >= leastGwei, FeeTooLow(msg.value, uint256(leastGwei) * 1 gwei));
        return uint32(gwei_);
    }

    function _requireSane(Prediction calldata prediction, uint32 maxAge) private view {
        uint40 predictedAt = prediction.predictedAt;
        require(predictedAt <= block.timestamp, PredictionInFuture(predictedAt, block.timestamp));
        require(
            maxAge == 0 || block.timestamp - predictedAt <= maxAge,
            PredictionTooOld(predictedAt, maxAge, block.timestamp)
        );
        require(prediction.confidence <= PARTS_PER_MILLION, ConfidenceTooHigh(prediction.confidence));
    }

    function _judge(Prediction calldata prediction, address policy) private view returns (uint8 verdict) {
        verdict = IPolicy(policy).decide(prediction);
        require(Verdicts.isVerdict(verdict), UnknownVerdict(policy, verdict));
    }
}
