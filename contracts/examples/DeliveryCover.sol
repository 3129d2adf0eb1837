// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

import {DecisionConsumer} from "../consumer/DecisionConsumer.sol";
import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
import {Verdicts} from "../libraries/Verdicts.sol";
import {Decision} from "../types/Decision.sol";

/// @title DeliveryCover
/// @notice A cover that pays as soon as a parcel is predicted to be late. The holder buys cover for a parcel, the
/// carrier reports how it travels, and the model's forecast decides: the payout needs no claim and no waiting for the
/// parcel.
/// @dev ACCEPT means late. The carrier reports, not the holder: whoever gains by the answer must not
/// choose the input.
contract DeliveryCover is DecisionConsumer {
    enum Status {
        None,
        Active,
        Asked,
        Paid,
        OnTime
    }

    struct Cover {
        address holder;
        Status status;
    }

    /// @notice Gas for the callback: it rewrites two slots, emits one event and may write a new credit.
    uint24 public constant CALLBACK_GAS = 100_000;

    /// @notice The model that forecasts lateness.
    bytes32 public immutable modelId;
    /// @notice Who reports on parcels.
    address public immutable carrier;
    /// @notice What a cover costs, in wei.
    uint256 public immutable premium;
    /// @notice What a late parcel pays, in wei.
    uint256 public immutable payout;

    /// @notice The covers, by parcel.
    mapping(bytes32 parcel => Cover cover) public coverOf;
    /// @notice Which parcel a request is about.
    mapping(bytes32 requestId => bytes32 parcel) public parcelOf;
    /// @notice What a holder can collect, in wei.
    mapping(address holder => uint256 amount) public dueTo;
    /// @notice What the contract may still have to pay, in wei: active covers and uncollected payouts.
    uint256 public liabilities;

    /// @notice A cover moved on.
    event CoverMoved(bytes32 indexed parcel, address indexed holder, Status status);

    /// @notice The cover is not in the status that this step needs.
    error UnexpectedCoverStatus(bytes32 parcel, Status status);
    /// @notice The premium is one exact sum, in wei.
    error PremiumMismatch(uint256 sent, uint256 premium);
    /// @notice The reserve does not carry another cover; both in wei.
    error ReserveTooSmall(uint256 reserve, uint256 needed);
    /// @notice Only the carrier reports.
    error NotCarrier(address caller, address carrier);

    /// @notice Opens the cover; the ether sent along is the reserve.
    constructor(
        IDecisionContract decisionContract_,
        bytes32 modelId_,
        address carrier_,
        uint256 premium_,
        uint256 payout_
    ) payable DecisionConsumer(decisionContract_, 1) {
        modelId = modelId_;
        carrier = carrier_;
        premium = premium_;
        payout = payout_;
    }

    /// @notice Adds to the reserve.
    receive() external payable override {}

    /// @notice Buys cover for a parcel.
    function buy(bytes32 parcel) external payable {
        require(msg.value == premium, PremiumMismatch(msg.value, premium));
        require(coverOf[parcel].status == Status.None, UnexpectedCoverStatus(parcel, coverOf[parcel].status));
        liabilities += payout;
        require(address(this).balance >= liabilities, ReserveTooSmall(address(this).balance, liabilities));

        coverOf[parcel].holder = msg.sender;
        _move(parcel, Status.Active);
    }

    /// @notice Reports how a parcel travels, which asks the model; the ether sent along is the model's fee.
    /// @param features The model's features, packed in the order and widths of its card.
    function report(bytes32 parcel, bytes calldata features) external payable returns (bytes32 requestId) {
        require(msg.sender == carrier, NotCarrier(msg.sender, carrier));
        _step(parcel, Status.Active, Status.Asked);
        requestId = _requestDecision(modelId, features, msg.value, CALLBACK_GAS, uint40(block.timestamp + 1 hours));
        parcelOf[requestId] = parcel;
    }

    /// @notice Takes back a report that was not decided in time, so that the carrier can report again; the fee goes to
    /// the reserve.
    function withdrawReport(bytes32 requestId) external {
        bytes32 parcel = parcelOf[requestId];
        delete parcelOf[requestId];
        _step(parcel, Status.Asked, Status.Active);
        _reclaimFee(modelId, requestId);
    }

    /// @notice Pays the caller's payouts.
    function collect() external {
        uint256 amount = dueTo[msg.sender];
        dueTo[msg.sender] = 0;
        liabilities -= amount;
        Address.sendValue(payable(msg.sender), amount);
    }

    /// @notice Packs the features of `models/delivery-time` for `report`, in the order and widths of its card.
    /// @param hour Time of the order, in hundredths of an hour.
    /// @param day Day of the week, 0 for Monday.
    /// @param distance Way to the customer, in hundredths of a mile.
    /// @param items How many dishes.
    function featuresOf(uint16 hour, uint8 day, uint16 distance, uint8 items) external pure returns (bytes memory) {
        return abi.encodePacked(hour, day, distance, items);
    }

    /// @notice Acts on the model's answer.
    function _onDecision(bytes32, bytes32 requestId, Decision calldata decision) internal override {
        bytes32 parcel = parcelOf[requestId];
        if (decision.verdict == Verdicts.ACCEPT) {
            _step(parcel, Status.Asked, Status.Paid);
            dueTo[coverOf[parcel].holder] += payout;
        } else if (decision.verdict == Verdicts.REJECT) {
            _step(parcel, Status.Asked, Status.OnTime);
            liabilities -= payout;
        } else {
            _step(parcel, Status.Asked, Status.Active);
        }
    }

    function _step(bytes32 parcel, Status from, Status to) private {
        Status status = coverOf[parcel].status;
        require(status == from, UnexpectedCoverStatus(parcel, status));
        _move(parcel, to);
    }

    function _move(bytes32 parcel, Status to) private {
        coverOf[parcel].status = to;
        emit CoverMoved(parcel, coverOf[parcel].holder, to);
    }
}
