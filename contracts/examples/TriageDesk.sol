// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

import {DecisionConsumer} from "../consumer/DecisionConsumer.sol";
import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
import {Verdicts} from "../libraries/Verdicts.sol";
import {Decision} from "../types/Decision.sol";

/// @title TriageDesk
/// @notice A clinic that lets a classifier sort its cases. Each case ends in one of three queues: a specialist's,
/// routine care, or a doctor who looks at it first.
/// @dev ACCEPT sends a case to the specialist, REJECT to routine care.
/// Cases are pseudonymous: a clinic knows whose case it is, the chain does not. Where even the features must stay
/// private, `admitPrivately` shows the chain nothing but their hash.
contract TriageDesk is DecisionConsumer {
    enum Queue {
        None,
        Waiting,
        Specialist,
        Routine,
        Doctor
    }

    /// @dev The features of `models/breast-tumour`, in the order and widths of its card.
    struct Sample {
        uint16 radius;
        uint16 texture;
        uint32 perimeter;
        uint16 smoothness;
        uint16 compactness;
        uint16 concavity;
        uint16 concavePoints;
        uint16 symmetry;
    }

    /// @notice Gas for the callback: it rewrites one slot and emits one event.
    uint24 public constant CALLBACK_GAS = 50_000;

    /// @notice The classifier.
    bytes32 public immutable modelId;
    /// @notice Who admits cases.
    address public immutable clinic;
    /// @notice The queue of each case, by the id of its request.
    mapping(bytes32 requestId => Queue queue) public queueOf;

    /// @notice A case was put into a queue.
    event CaseQueued(bytes32 indexed requestId, Queue queue);

    /// @notice Only the clinic admits cases.
    error NotClinic(address caller, address clinic);
    /// @notice The case does not wait for a decision.
    error CaseNotWaiting(bytes32 requestId, Queue queue);

    modifier onlyClinic() {
        require(msg.sender == clinic, NotClinic(msg.sender, clinic));
        _;
    }

    constructor(
        IDecisionContract decisionContract_,
        bytes32 modelId_,
        address clinic_
    ) DecisionConsumer(decisionContract_, 1) {
        modelId = modelId_;
        clinic = clinic_;
    }

    /// @notice Admits a case; the ether sent along is the model's fee.
    /// @param features The model's features, packed in the order and widths of its card.
    function admit(bytes calldata features) external payable onlyClinic returns (bytes32 requestId) {
        requestId = _requestDecision(modelId, features, msg.value, CALLBACK_GAS, _deadline());
        _queue(requestId, Queue.Waiting);
    }

    /// @notice Admits a case whose features only the operator may read.
    /// @param featuresHash keccak256 of the packed features.
    /// @param evidenceURI Where the operator finds them.
    function admitPrivately(
        bytes32 featuresHash,
        string calldata evidenceURI
    ) external payable onlyClinic returns (bytes32 requestId) {
        requestId = decisionContract.requestDecisionByHash{value: msg.value}(
            modelId,
            featuresHash,
            evidenceURI,
            CALLBACK_GAS,
            _deadline()
        );
        _queue(requestId, Queue.Waiting);
    }

    /// @notice Sends a case that was not decided in time to a doctor, and its fee back to the clinic.
    function giveUp(bytes32 requestId) external {
        _move(requestId, Queue.Doctor);
        Address.sendValue(payable(clinic), _reclaimFee(modelId, requestId));
    }

    /// @notice Packs features for `admit`.
    function featuresOf(Sample calldata s) external pure returns (bytes memory) {
        return
            bytes.concat(
                abi.encodePacked(s.radius, s.texture, s.perimeter, s.smoothness),
                abi.encodePacked(s.compactness, s.concavity, s.concavePoints, s.symmetry)
            );
    }

    /// @notice Acts on the model's answer.
    function _onDecision(bytes32, bytes32 requestId, Decision calldata decision) internal override {
        if (decision.verdict == Verdicts.ACCEPT) _move(requestId, Queue.Specialist);
        else if (decision.verdict == Verdicts.REJECT) _move(requestId, Queue.Routine);
        else _move(requestId, Queue.Doctor);
    }

    function _move(bytes32 requestId, Queue queue) private {
        require(queueOf[requestId] == Queue.Waiting, CaseNotWaiting(requestId, queueOf[requestId]));
        _queue(requestId, queue);
    }

    function _queue(bytes32 requestId, Queue queue) private {
        queueOf[requestId] = queue;
        emit CaseQueued(requestId, queue);
    }

    function _deadline() private view returns (uint40) {
        return uint40(block.timestamp + 1 hours);
    }
}
