// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

import {DecisionConsumer} from "../consumer/DecisionConsumer.sol";
import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
import {Verdicts} from "../libraries/Verdicts.sol";
import {Decision} from "../types/Decision.sol";

/// @title CreditDesk
/// @notice A lender that asks a credit model before it lends. Apply, wait for the decision, collect. What the model is
/// unsure of the lender decides.
/// @dev An example: the features are the borrower's own word. A real desk would have somebody attest to them.
contract CreditDesk is DecisionConsumer {
    enum Status {
        None,
        Applied,
        Approved,
        Declined,
        InReview,
        Collected,
        Repaid,
        Cancelled
    }

    /// @dev The features of `models/credit-default`, in the order and widths of its card.
    struct Applicant {
        uint8 seniority;
        uint8 term;
        uint16 expenses;
        uint16 income;
        uint32 assets;
        uint32 debt;
        uint16 amount;
        uint16 price;
        uint8 home;
        uint8 job;
        uint8 records;
    }

    struct Loan {
        address borrower;
        uint88 amount;
        Status status;
    }

    /// @notice Gas for the callback: it rewrites one slot and emits one event.
    uint24 public constant CALLBACK_GAS = 60_000;

    /// @notice The credit model.
    bytes32 public immutable modelId;
    /// @notice Whose capital this is, and who decides on what the model is unsure of.
    address public immutable lender;
    /// @notice The applications, by the id of their request.
    mapping(bytes32 requestId => Loan loan) public loanOf;

    /// @notice An application moved on.
    event LoanMoved(bytes32 indexed requestId, address indexed borrower, uint88 amount, Status status);

    /// @notice The loan is not in the status that this step needs.
    error UnexpectedLoanStatus(bytes32 requestId, Status status);
    /// @notice The caller is not who takes this step.
    error NotEntitled(address caller, address entitled);

    /// @notice A loan is paid back whole; both in wei.
    error RepaymentMismatch(uint256 sent, uint256 owed);

    /// @notice Opens the desk; the ether sent along is the desk's capital.
    constructor(
        IDecisionContract decisionContract_,
        bytes32 modelId_,
        address lender_
    ) payable DecisionConsumer(decisionContract_, 1) {
        modelId = modelId_;
        lender = lender_;
    }

    /// @notice Adds capital.
    receive() external payable override {}

    /// @notice Applies for a loan; the ether sent along is the model's fee.
    /// @param amount How much to borrow, in wei.
    /// @param features The model's features, packed in the order and widths of its card.
    function applyForLoan(uint88 amount, bytes calldata features) external payable returns (bytes32 requestId) {
        requestId = _requestDecision(modelId, features, msg.value, CALLBACK_GAS, uint40(block.timestamp + 1 hours));
        _move(requestId, Loan({borrower: msg.sender, amount: amount, status: Status.Applied}));
    }

    /// @notice The lender's word on a loan that the model was unsure of.
    function review(bytes32 requestId, bool approve) external {
        require(msg.sender == lender, NotEntitled(msg.sender, lender));
        _step(requestId, Status.InReview, approve ? Status.Approved : Status.Declined);
    }

    /// @notice Pays an approved loan out.
    function collect(bytes32 requestId) external {
        Loan memory loan = _step(requestId, Status.Approved, Status.Collected);
        require(msg.sender == loan.borrower, NotEntitled(msg.sender, loan.borrower));
        Address.sendValue(payable(loan.borrower), loan.amount);
    }

    /// @notice Pays a loan back.
    function repay(bytes32 requestId) external payable {
        Loan memory loan = _step(requestId, Status.Collected, Status.Repaid);
        require(msg.value == loan.amount, RepaymentMismatch(msg.value, loan.amount));
    }

    /// @notice Takes capital out.
    function withdrawCapital(uint256 amount) external {
        require(msg.sender == lender, NotEntitled(msg.sender, lender));
        Address.sendValue(payable(lender), amount);
    }

    /// @notice Gives the fee of an application back that was not decided in time.
    function cancel(bytes32 requestId) external {
        Loan memory loan = _step(requestId, Status.Applied, Status.Cancelled);
        Address.sendValue(payable(loan.borrower), _reclaimFee(modelId, requestId));
    }

    /// @notice Packs features for `applyForLoan`.
    function featuresOf(Applicant calldata a) external pure returns (bytes memory) {
        return
            bytes.concat(
                abi.encodePacked(a.seniority, a.term, a.expenses, a.income, a.assets, a.debt),
                abi.encodePacked(a.amount, a.price, a.home, a.job, a.records)
            );
    }

    /// @notice Acts on the model's answer.
    function _onDecision(bytes32, bytes32 requestId, Decision calldata decision) internal override {
        if (decision.verdict == Verdicts.ACCEPT) _step(requestId, Status.Applied, Status.Approved);
        else if (decision.verdict == Verdicts.REJECT) _step(requestId, Status.Applied, Status.Declined);
        else _step(requestId, Status.Applied, Status.InReview);
    }

    function _step(bytes32 requestId, Status from, Status to) private returns (Loan memory loan) {
        loan = loanOf[requestId];
        require(loan.status == from, UnexpectedLoanStatus(requestId, loan.status));
        loan.status = to;
        _move(requestId, loan);
    }

    function _move(bytes32 requestId, Loan memory loan) private {
        loanOf[requestId] = loan;
        emit LoanMoved(requestId, loan.borrower, loan.amount, loan.status);
    }
}
