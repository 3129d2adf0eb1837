// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ModelRegistry} from "./ModelRegistry.sol";
import {IAttestor} from "./interfaces/IAttestor.sol";
import {IDecisionContract} from "./interfaces/IDecisionContract.sol";
import {IFeeSharer} from "./interfaces/IFeeSharer.sol";
import {IPolicy} from "./interfaces/IPolicy.sol";
import {CallbackLib} from "./libraries/CallbackLib.sol";
import {RequestIdLib} from "./libraries/RequestIdLib.sol";
import {SubjectSlot} from "./libraries/SubjectSlot.sol";
import {Verdicts} from "./libraries/Verdicts.sol";
import {CallbackStatus, Decision} from "./types/Decision.sol";
import {Prediction} from "./types/Prediction.sol";
import {Request, RequestStatus} from "./types/Request.sol";

/// @title DecisionContract
/// @notice See `IDecisionContract`.
/// @dev Money: the fees of open requests, in their slots, and `_credits` are all that this contract owes. Its balance
/// decides nothing, so ether forced upon it changes nothing.
contract DecisionContract is ModelRegistry, IDecisionContract {
    using RequestIdLib for bytes32;
    using SubjectSlot for uint256;

    /// @dev A word packed by `SubjectSlot`; a struct so that it can be passed by reference.
    struct Slot {
        uint256 word;
    }

    uint32 private constant PARTS_PER_MILLION = 1_000_000;
    /// @dev Bytes of an encoded prediction.
    uint256 private constant PREDICTION_LENGTH = 7 * 32;
    /// @dev Bound what `makeDecisions` spends after any frame, up to its end. It is held back from every frame, so that
    /// one that burns its gas cannot undo those before it. `testFuzz_bundle_OfAnyGas_UndoesNothing` holds it.
    uint256 private constant GAS_OF_LOOP = 1_000;
    uint256 private constant GAS_OF_LOOP_EACH = 300;

    mapping(bytes32 modelId => mapping(bytes32 subject => Slot slot)) private _slots;
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
        (requestId, feeGwei) = _open(modelId, RequestIdLib.hashOf(input), callbackGas, deadline);
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
        bytes32 modelId = prediction.modelId;
        Rules memory rules = _rules[modelId][msg.sender];
        if (rules.policy == address(0)) {
            address attestor = _offers[modelId].attestor;
            require(attestor != address(0), UnknownModel(modelId));
            revert NotAttestor(msg.sender, attestor);
        }

        _decide(prediction, msg.sender, rules);
    }

    /// @inheritdoc IDecisionContract
    /// @dev Nothing is paid to this function, so no frame can count one payment twice. Its message is made without a
    /// copy of memory, for which the compiler takes MCOPY, an instruction of Cancun's: some chains have Shanghai's.
    function makeDecisions(Prediction[] calldata predictions, uint256 gasEach) external returns (bool[] memory made) {
        uint256 count = predictions.length;
        made = new bool[](count);
        bytes memory message = new bytes(4 + PREDICTION_LENGTH);
        bytes4 selector = this.makeDecision.selector;
        uint256 reserve = GAS_OF_LOOP + count * GAS_OF_LOOP_EACH;
        for (uint256 i = 0; i < count; ++i) {
            uint256 left = gasleft();
            if (left <= reserve) break;
            uint256 most = Math.min(gasEach, left - reserve);
            Prediction calldata prediction = predictions[i];
            bool success;
            // assembly: the prediction's words go on as they came, so that one with dirt in it is refused in its own
            // frame; and Solidity's own call would copy the return data, whose length a policy chooses.
            // solhint-disable-next-line no-inline-assembly
            assembly ("memory-safe") {
                mstore(add(message, 0x20), selector)
                calldatacopy(add(message, 0x24), prediction, PREDICTION_LENGTH)
                success := delegatecall(most, address(), add(message, 0x20), mload(message), 0, 0)
            }
            made[i] = success;
        }
    }

    /// @inheritdoc IDecisionContract
    function relayDecision(Prediction calldata prediction, bytes calldata evidence) external {
        bytes32 modelId = prediction.modelId;
        address attestor = _offers[modelId].attestor;
        require(attestor != address(0), UnknownModel(modelId));
        Rules memory rules = _rules[modelId][attestor];
        require(rules.verifies, AttestorTakesNoEvidence(attestor));
        require(IAttestor(attestor).verify(prediction, evidence), NotVouched(attestor, modelId, prediction.subject));

        uint256 request = _decide(prediction, attestor, rules);
        if (rules.sharesFees && request.feeOf() != 0) {
            IFeeSharer(attestor).shareFee(prediction, evidence, uint256(request.feeOf()) * 1 gwei);
        }
    }

    /// @inheritdoc IDecisionContract
    function retryCallback(bytes32 modelId, bytes32 requestId, address requester, uint256 nonce) external {
        Slot storage slot = _slots[modelId][requestId];
        uint256 decision = slot.word;
        require(decision.toDecision().callback == CallbackStatus.Failed, CallbackNotFailed(modelId, requestId));
        require(requestId.isFrom(requester, nonce, modelId), NotRequester(requestId, requester, nonce));

        decision = decision.withCallback(CallbackStatus.Delivered);
        slot.word = decision;
        emit CallbackRetried(modelId, requestId, requester);

        require(
            CallbackLib.callFully(requester, decision.callbackGasOf(), modelId, requestId, decision),
            CallbackFailedAgain(requestId, requester)
        );
    }

    /// @inheritdoc IDecisionContract
    function refund(bytes32 modelId, bytes32 requestId) external {
        uint256 slot = _slots[modelId][requestId].word;
        _requireOpen(slot, modelId, requestId);
        Request memory request = slot.toRequest();
        require(block.timestamp > request.deadline, DeadlineNotPassed(requestId, request.deadline));

        _slots[modelId][requestId].word = slot.withStatus(RequestStatus.Refunded);
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
        return _slots[modelId][subject].word.toDecision();
    }

    /// @inheritdoc IDecisionContract
    function requestOf(bytes32 modelId, bytes32 requestId) external view returns (Request memory) {
        return _slots[modelId][requestId].word.toRequest();
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
        Offer storage offer = _offers[modelId];
        (uint32 leastFee, uint40 openUntil) = (offer.feeGwei, offer.openUntil);
        _requireDeadline(modelId, openUntil, deadline);
        feeGwei = _requireFee(leastFee);
        requestId = RequestIdLib.derive(msg.sender, _useNonce(), modelId, inputHash);
        // 12 bytes of origin can be made to collide by one who owns both sides; it must not undo a decision.
        Slot storage slot = _slots[modelId][requestId];
        require(slot.word == 0, RequestExists(modelId, requestId));

        // `openUntil`, and so the deadline, fits 32 bits.
        slot.word = SubjectSlot.ofRequest(msg.sender, callbackGas, uint32(deadline), feeGwei);
    }

    function _useNonce() private returns (uint256) {
        // No account makes 2^256 requests.
        unchecked {
            return _nonces[msg.sender]++;
        }
    }

    /// @dev Returns the slot as it was: the request that is answered, or 0.
    function _decide(
        Prediction calldata prediction,
        address attestor,
        Rules memory rules
    ) private returns (uint256 request) {
        bytes32 modelId = prediction.modelId;
        bytes32 subject = prediction.subject;
        Slot storage slot = _slots[modelId][subject];
        request = slot.word;
        if (subject.isRequestId()) _requireAnswers(request, prediction);
        else _requireUndecided(request, prediction, rules.openUntil);
        _requireSane(prediction, rules.maxAge);
        uint8 verdict = _judge(prediction, rules.policy);

        uint256 decision = SubjectSlot.ofDecision(
            prediction.value,
            prediction.confidence,
            uint40(block.timestamp),
            verdict,
            rules.trustLevel,
            request.requestGasOf()
        );
        slot.word = decision;
        _credit(attestor, request.feeOf());
        emit DecisionMade(
            modelId,
            subject,
            prediction.inputHash,
            prediction.outputHash,
            prediction.value,
            prediction.confidence,
            prediction.predictedAt,
            verdict,
            rules.trustLevel
        );

        if (request.requestGasOf() != 0) _callBack(slot, request, decision, modelId, subject);
    }

    function _callBack(
        Slot storage slot,
        uint256 request,
        uint256 decision,
        bytes32 modelId,
        bytes32 requestId
    ) private {
        address requester = request.requesterOf();
        if (CallbackLib.callExactly(requester, request.requestGasOf(), modelId, requestId, decision)) return;
        slot.word = decision.withCallback(CallbackStatus.Failed);
        emit CallbackFailed(modelId, requestId, requester);
    }

    function _credit(address account, uint32 feeGwei) private {
        if (feeGwei == 0) return;
        unchecked {
            // Every credit was sent as ether, of which there are fewer than 2^96 wei.
            _credits[account] += uint256(feeGwei) * 1 gwei;
        }
    }

    function _requireAnswers(uint256 request, Prediction calldata prediction) private view {
        bytes32 requestId = prediction.subject;
        _requireOpen(request, prediction.modelId, requestId);
        require(block.timestamp <= request.deadlineOf(), DeadlinePassed(requestId, request.deadlineOf()));
        require(requestId.isAbout(prediction.inputHash), InputMismatch(requestId, prediction.inputHash));
    }

    function _requireUndecided(uint256 slot, Prediction calldata prediction, uint40 openUntil) private view {
        require(slot == 0, AlreadyDecided(prediction.modelId, prediction.subject));
        if (openUntil < block.timestamp) _refuse(prediction.modelId);
    }

    /// @dev A model that takes nothing new is open until 0 or until a past second: no deadline passes the one test.
    function _requireDeadline(bytes32 modelId, uint40 openUntil, uint40 deadline) private view {
        uint256 latest;
        unchecked {
            // A Unix time and two days stay far below 2^256.
            latest = block.timestamp + CHANGE_DELAY;
        }
        if (openUntil < latest) latest = openUntil;
        if (deadline > latest || deadline <= block.timestamp) {
            if (openUntil < block.timestamp) _refuse(modelId);
            revert DeadlineOutOfRange(deadline, latest);
        }
    }

    function _requireFee(uint32 leastFee) private view returns (uint32) {
        uint256 fee = msg.value / 1 gwei;
        require(msg.value % 1 gwei == 0, FeeNotWholeGwei(msg.value));
        require(fee <= type(uint32).max, FeeTooHigh(msg.value));
        require(fee >= leastFee, FeeTooLow(uint32(fee), leastFee));
        return uint32(fee);
    }

    function _requireSane(Prediction calldata prediction, uint32 maxAge) private view {
        uint40 predictedAt = prediction.predictedAt;
        require(predictedAt <= block.timestamp, PredictionInFuture(predictedAt, block.timestamp));
        unchecked {
            // predictedAt is not after now.
            bool fresh = maxAge == 0 || block.timestamp - predictedAt <= maxAge;
            require(fresh, PredictionTooOld(predictedAt, maxAge, block.timestamp));
        }
        require(prediction.confidence <= PARTS_PER_MILLION, ConfidenceTooHigh(prediction.confidence));
    }

    function _judge(Prediction calldata prediction, address policy) private view returns (uint8 verdict) {
        verdict = IPolicy(policy).decide(prediction);
        require(Verdicts.isVerdict(verdict), UnknownVerdict(policy, verdict));
    }

    function _requireOpen(uint256 slot, bytes32 modelId, bytes32 requestId) private pure {
        if (slot.isOpen()) return;
        RequestStatus status = slot.statusOf();
        require(status != RequestStatus.None, UnknownRequest(modelId, requestId));
        require(status != RequestStatus.Decided, AlreadyDecided(modelId, requestId));
        revert AlreadyRefunded(modelId, requestId);
    }
}
