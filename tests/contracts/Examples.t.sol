// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionConsumer} from "../../contracts/interfaces/IDecisionConsumer.sol";
import {CallbackStatus, Decision} from "../../contracts/types/Decision.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {Stage} from "./support/Stage.sol";

interface ICreditDesk {
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

    function featuresOf(Applicant calldata applicant) external pure returns (bytes memory);
    function CALLBACK_GAS() external view returns (uint24);
    function applyForLoan(uint88 amount, bytes calldata features) external payable returns (bytes32);
    function cancel(bytes32 requestId) external;
    function collect(bytes32 requestId) external;
    function loanOf(bytes32 requestId) external view returns (address borrower, uint88 amount, uint8 status);
    function repay(bytes32 requestId) external payable;
    function review(bytes32 requestId, bool approve) external;
    function withdrawCapital(uint256 amount) external;
}

interface ITriageDesk {
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

    function featuresOf(Sample calldata sample) external pure returns (bytes memory);
    function admit(bytes calldata features) external payable returns (bytes32);
    function admitPrivately(bytes32 featuresHash, string calldata uri) external payable returns (bytes32);
    function giveUp(bytes32 requestId) external;
    function queueOf(bytes32 requestId) external view returns (uint8);
}

interface IDeliveryCover {
    function featuresOf(uint16 hour, uint8 day, uint16 distance, uint8 items) external pure returns (bytes memory);
    function buy(bytes32 parcel) external payable;
    function collect() external;
    function coverOf(bytes32 parcel) external view returns (address holder, uint8 status);
    function dueTo(address holder) external view returns (uint256);
    function liabilities() external view returns (uint256);
    function report(bytes32 parcel, bytes calldata features) external payable returns (bytes32);
    function withdrawReport(bytes32 requestId) external;
}

/// @title ExamplesTest
/// @notice The three example dApps, each from the question to what the answer does.
contract ExamplesTest is Stage {
    int128 private constant HIGH = 812;
    int128 private constant LOW = 100;
    int128 private constant UNSURE = 500;
    bytes32 private constant PARCEL = keccak256("parcel");

    // A lender

    function test_credit_Accepted_IsPaidOutOnce() external {
        ICreditDesk desk = creditDesk();
        bytes32 id = apply_(desk);
        loanIs(desk, id, 1);
        decide(id, HIGH);
        loanIs(desk, id, 2);

        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSignature("NotEntitled(address,address)", stranger, requester));
        desk.collect(id);
        uint256 before = requester.balance;
        vm.prank(requester);
        desk.collect(id);
        equal(requester.balance, before + 1 ether, "paid out");
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSignature("UnexpectedLoanStatus(bytes32,uint8)", id, 5));
        desk.collect(id);

        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSignature("RepaymentMismatch(uint256,uint256)", 0.5 ether, 1 ether));
        desk.repay{value: 0.5 ether}(id);
        vm.prank(requester);
        desk.repay{value: 1 ether}(id);
        loanIs(desk, id, 6);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSignature("NotEntitled(address,address)", requester, owner));
        desk.withdrawCapital(10 ether);
        vm.prank(owner);
        desk.withdrawCapital(10 ether);
        equal(owner.balance, 10 ether, "capital back");
    }

    function test_credit_Rejected_PaysNothing() external {
        ICreditDesk desk = creditDesk();
        bytes32 id = apply_(desk);
        decide(id, LOW);
        loanIs(desk, id, 3);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSignature("UnexpectedLoanStatus(bytes32,uint8)", id, 3));
        desk.collect(id);
    }

    function test_credit_Unsure_IsTheLendersWord() external {
        ICreditDesk desk = creditDesk();
        for (uint256 i = 0; i < 2; ++i) {
            bytes32 id = apply_(desk);
            decide(id, UNSURE);
            loanIs(desk, id, 4);
            vm.prank(requester);
            vm.expectRevert(abi.encodeWithSignature("NotEntitled(address,address)", requester, owner));
            desk.review(id, true);
            vm.prank(owner);
            desk.review(id, i == 0);
            loanIs(desk, id, i == 0 ? 2 : 3);
        }
    }

    function test_credit_Unanswered_GivesTheFeeBackOnce() external {
        ICreditDesk desk = creditDesk();
        bytes32 id = apply_(desk);
        vm.warp(soon() + 1);
        uint256 before = requester.balance;
        desk.cancel(id);
        equal(requester.balance, before + FEE, "fee");
        equal(address(desk).balance, 10 ether, "capital untouched");
        vm.expectRevert(abi.encodeWithSignature("UnexpectedLoanStatus(bytes32,uint8)", id, 7));
        desk.cancel(id);
    }

    // A clinic

    function test_triage_SortsIntoThreeQueues() external {
        ITriageDesk desk = triageDesk();
        int128[3] memory values = [HIGH, LOW, UNSURE];
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 id = admit(desk);
            equal(desk.queueOf(id), 1, "waiting");
            decide(id, values[i]);
            equal(desk.queueOf(id), 2 + i, "queue");
        }
    }

    function test_triage_Privately_ShowsOnlyAHash() external {
        ITriageDesk desk = triageDesk();
        vm.prank(requester);
        bytes32 id = desk.admitPrivately{value: FEE}(keccak256(INPUT), "s3://clinic/7");
        decide(id, HIGH);
        equal(desk.queueOf(id), 2, "specialist");
    }

    function test_triage_RevertsIf_NotClinic() external {
        ITriageDesk desk = triageDesk();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSignature("NotClinic(address,address)", stranger, requester));
        desk.admit{value: FEE}(INPUT);
    }

    function test_triage_Unanswered_GoesToADoctorOnce() external {
        ITriageDesk desk = triageDesk();
        bytes32 id = admit(desk);
        vm.warp(soon() + 1);
        uint256 before = requester.balance;
        desk.giveUp(id);
        equal(desk.queueOf(id), 4, "doctor");
        equal(requester.balance, before + FEE, "fee");
        vm.expectRevert(abi.encodeWithSignature("CaseNotWaiting(bytes32,uint8)", id, 4));
        desk.giveUp(id);
    }

    // A cover

    function test_cover_Late_PaysOnce() external {
        IDeliveryCover cover = deliveryCover();
        buy(cover);
        decide(report(cover), HIGH);
        equal(cover.dueTo(requester), 1 ether, "due");
        uint256 before = requester.balance;
        vm.prank(requester);
        cover.collect();
        vm.prank(requester);
        cover.collect();
        equal(requester.balance, before + 1 ether, "paid once");
        equal(cover.liabilities(), 0, "liabilities");
        statusIs_(cover, 3);
    }

    function test_cover_OnTime_FreesTheReserve() external {
        IDeliveryCover cover = deliveryCover();
        buy(cover);
        equal(cover.liabilities(), 1 ether, "liabilities");
        decide(report(cover), LOW);
        equal(cover.liabilities(), 0, "freed");
        equal(cover.dueTo(requester), 0, "nothing due");
        statusIs_(cover, 4);
    }

    function test_cover_Unsure_CanBeReportedAgain() external {
        IDeliveryCover cover = deliveryCover();
        buy(cover);
        decide(report(cover), UNSURE);
        statusIs_(cover, 1);
        decide(report(cover), HIGH);
        statusIs_(cover, 3);
    }

    /// @dev A report that was taken back must not be taken back again under the next one.
    function test_cover_Unanswered_IsTakenBackOnce() external {
        IDeliveryCover cover = deliveryCover();
        buy(cover);
        bytes32 first = report(cover);
        vm.warp(soon() + 1);
        cover.withdrawReport(first);
        statusIs_(cover, 1);
        report(cover);
        vm.expectRevert(abi.encodeWithSignature("UnexpectedCoverStatus(bytes32,uint8)", bytes32(0), 0));
        cover.withdrawReport(first);
        statusIs_(cover, 2);
    }

    function test_cover_RevertsIf_NotCoveredOrNotEntitled() external {
        IDeliveryCover cover = deliveryCover();
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSignature("PremiumMismatch(uint256,uint256)", 1, 0.1 ether));
        cover.buy{value: 1}(PARCEL);
        buy(cover);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSignature("UnexpectedCoverStatus(bytes32,uint8)", PARCEL, 1));
        cover.buy{value: 0.1 ether}(PARCEL);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSignature("NotCarrier(address,address)", requester, stranger));
        cover.report{value: FEE}(PARCEL, INPUT);
        // 2 ether of reserve and premiums carry two covers of 1 ether, and 0.3 ether of premiums no third one.
        vm.prank(requester);
        cover.buy{value: 0.1 ether}(keccak256("second"));
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSignature("ReserveTooSmall(uint256,uint256)", 2.3 ether, 3 ether));
        cover.buy{value: 0.1 ether}(keccak256("third"));
    }

    /// @dev The first vector of each model, packed by the dApp: the bytes that the card's encoding gives.
    function test_examples_PackAsTheCardsSay() external {
        ICreditDesk.Applicant memory applicant = ICreditDesk.Applicant({
            seniority: 20,
            term: 12,
            expenses: 75,
            income: 300,
            assets: 18000,
            debt: 0,
            amount: 760,
            price: 1369,
            home: 0,
            job: 1,
            records: 0
        });
        bytes32 credit = keccak256(hex"140c004b012c000046500000000002f80559000100");
        equal(keccak256(creditDesk().featuresOf(applicant)), credit, "credit");

        ITriageDesk.Sample memory sample = ITriageDesk.Sample({
            radius: 33120,
            texture: 32850,
            perimeter: 220800,
            smoothness: 1472,
            compactness: 4034,
            concavity: 5340,
            concavePoints: 2688,
            symmetry: 2856
        });
        bytes32 triage = keccak256(hex"8160805200035e8005c00fc214dc0a800b28");
        equal(keccak256(triageDesk().featuresOf(sample)), triage, "triage");

        bytes32 delivery = keccak256(hex"04750400c804");
        equal(keccak256(deliveryCover().featuresOf(1141, 4, 200, 4)), delivery, "delivery");
    }

    /// @dev Nobody but the decision contract decides for any of them.
    function testFuzz_examples_RevertIf_AnybodyElseDelivers(address caller, uint8 verdict, uint8 level) external {
        vm.assume(caller != address(oracle));
        Decision memory decision = Decision(HIGH, 0, 1, verdict, level, CallbackStatus.Delivered);
        address[3] memory desks = [address(creditDesk()), address(triageDesk()), address(deliveryCover())];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(caller);
            vm.expectRevert(abi.encodeWithSignature("NotDecisionContract(address)", caller));
            IDecisionConsumer(desks[i]).onDecision(MODEL, bytes32("id"), decision);
        }
    }

    function creditDesk() private returns (ICreditDesk) {
        vm.deal(address(this), 10 ether);
        return
            ICreditDesk(
                deploy("contracts/examples/CreditDesk.sol:CreditDesk", abi.encode(oracle, MODEL, owner), 10 ether)
            );
    }

    function triageDesk() private returns (ITriageDesk) {
        return
            ITriageDesk(deploy("contracts/examples/TriageDesk.sol:TriageDesk", abi.encode(oracle, MODEL, requester)));
    }

    function deliveryCover() private returns (IDeliveryCover) {
        vm.deal(address(this), 2 ether);
        bytes memory terms = abi.encode(oracle, MODEL, stranger, 0.1 ether, 1 ether);
        return IDeliveryCover(deploy("contracts/examples/DeliveryCover.sol:DeliveryCover", terms, 2 ether));
    }

    function apply_(ICreditDesk desk) private returns (bytes32) {
        vm.prank(requester);
        return desk.applyForLoan{value: FEE}(1 ether, INPUT);
    }

    function admit(ITriageDesk desk) private returns (bytes32) {
        vm.prank(requester);
        return desk.admit{value: FEE}(INPUT);
    }

    function buy(IDeliveryCover cover) private {
        vm.prank(requester);
        cover.buy{value: 0.1 ether}(PARCEL);
    }

    function report(IDeliveryCover cover) private returns (bytes32) {
        vm.prank(stranger);
        return cover.report{value: FEE}(PARCEL, INPUT);
    }

    function decide(bytes32 id, int128 value) private {
        Prediction memory p = predict(id, INPUT);
        p.value = value;
        answer(p);
    }

    function loanIs(ICreditDesk desk, bytes32 id, uint8 want) private view {
        (address borrower, uint88 amount, uint8 status) = desk.loanOf(id);
        equal(borrower, requester, "borrower");
        equal(amount, 1 ether, "amount");
        equal(status, want, "loan status");
    }

    function statusIs_(IDeliveryCover cover, uint8 want) private view {
        (address holder, uint8 status) = cover.coverOf(PARCEL);
        equal(holder, requester, "holder");
        equal(status, want, "cover status");
    }
}
