// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICommittee} from "../../contracts/interfaces/ICommittee.sol";
import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {IQuorumAttestor} from "../../contracts/interfaces/IQuorumAttestor.sol";
import {CallbackStatus} from "../../contracts/types/Decision.sol";
import {ModelChange} from "../../contracts/types/Model.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {CommitteeStage} from "./support/CommitteeStage.sol";

/// @title QuorumFeesTest
/// @notice From the requester's fee to each signer's credit, end to end through the decision contract, with callbacks.
contract QuorumFeesTest is CommitteeStage {
    bytes32 private constant QUORUM = keccak256("quorum model");
    uint256 private constant N = 5;
    uint8 private constant K = 3;

    IQuorumAttestor private attestor;

    function setUp() public override {
        super.setUp();
        attestor = quorumOf(membersOf(N), K);
        register(QUORUM, config(address(attestor)));
    }

    // Into the pot

    function testFuzz_relay_PutsTheFeeIntoTheSignersPot(uint256 seed, address relayer) external {
        vm.assume(relayer != address(attestor));
        uint32 signers = someOf(N, K, seed);
        bytes32 id = askQuorum(INPUT, 0);
        Prediction memory p = about(id, INPUT);
        bytes memory evidence = signedBy(signers, attestor.digestOf(p));

        vm.expectEmit(true, true, true, true, address(attestor));
        emit IQuorumAttestor.FeeShared(QUORUM, id, signers, FEE);
        vm.prank(relayer);
        oracle.relayDecision(p, evidence);

        equal(attestor.potOf(signers), FEE, "pot");
        equal(oracle.creditOf(address(attestor)), FEE, "what the pot is worth");
        equal(oracle.creditOf(relayer), 0, "the relayer earns nothing");
    }

    /// @dev FAULTS 26: two collectors relay at once.
    function test_relay_Twice_EarnsOnce() external {
        Prediction memory p = about(askQuorum(INPUT, 0), INPUT);
        bytes32 digest = attestor.digestOf(p);
        oracle.relayDecision(p, signedBy(7, digest));
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.AlreadyDecided.selector, QUORUM, p.subject));
        oracle.relayDecision(p, signedBy(28, digest));
        equal(attestor.potOf(7), FEE, "one fee");
        equal(attestor.potOf(28), 0, "no other");
    }

    function test_relay_WithoutFee_SharesNothing() external {
        Prediction memory p = about(keccak256("loan"), INPUT);
        oracle.relayDecision(p, signedBy(7, attestor.digestOf(p)));
        equal(attestor.potOf(7), 0, "pot");
    }

    /// @dev The requester is called back before the fee is shared, and can neither stop nor double it.
    function test_relay_WithCallback_DeliversAndShares() external {
        address consumer = deploy("contracts/mocks/RevertingConsumer.sol:RevertingConsumer", abi.encode(oracle));
        vm.deal(consumer, FEE);
        vm.prank(consumer);
        bytes32 id = oracle.requestDecision{value: FEE}(QUORUM, INPUT, 100_000, soon());
        Prediction memory p = about(id, INPUT);
        oracle.relayDecision(p, signedBy(7, attestor.digestOf(p)));
        isTrue(oracle.decisionOf(QUORUM, id).callback == CallbackStatus.Failed, "the callback reverted");
        equal(attestor.potOf(7), FEE, "shared all the same");

        vm.prank(requester);
        id = askFrom(deploy("contracts/mocks/SlotConsumer.sol:SlotConsumer", abi.encode(oracle)), hex"01");
        p = about(id, hex"01");
        oracle.relayDecision(p, signedBy(7, attestor.digestOf(p)));
        isTrue(oracle.decisionOf(QUORUM, id).callback == CallbackStatus.Delivered, "delivered");
        equal(attestor.potOf(7), 2 * FEE, "shared");
    }

    function testFuzz_shareFee_RevertsIf_CallerIsNotTheDecisionContract(address caller, uint256 amount) external {
        vm.assume(caller != address(oracle));
        Prediction memory p = about(keccak256("loan"), INPUT);
        bytes memory evidence = signedBy(7, attestor.digestOf(p));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotDecisionContract.selector, caller, oracle));
        attestor.shareFee(p, evidence, amount);
    }

    // Out of the pot

    function testFuzz_claim_SplitsEqually(uint256 seed, uint32 feeGwei, address anyone) external {
        uint256 fee = bound(feeGwei, FEE_GWEI, type(uint32).max) * 1 gwei;
        uint32 signers = someOf(N, K, seed);
        earn(signers, fee, "one");

        vm.expectEmit(true, true, true, true, address(attestor));
        emit IQuorumAttestor.PotSplit(signers, fee / K);
        vm.prank(anyone);
        attestor.claim(signers);

        for (uint256 i = 0; i < N; ++i) {
            uint256 want = (signers >> i) & 1 != 0 ? fee / K : 0;
            equal(attestor.creditOf(memberOf(i)), want, "credit");
        }
        equal(attestor.potOf(signers), fee % K, "what cannot be split stays");
        equal(address(attestor).balance, fee, "fetched from the decision contract");
        equal(oracle.creditOf(address(attestor)), 0, "all of it");
    }

    /// @dev What stays over is split with the next fee: 3 members, 1000 gwei thrice.
    function test_claim_Repeatedly_LosesNothing() external {
        earn(7, FEE, "one");
        attestor.claim(7);
        equal(attestor.potOf(7), 1, "a wei stays");
        earn(7, FEE, "two");
        attestor.claim(7);
        equal(attestor.potOf(7), 2, "two");
        earn(7, FEE, "three");
        attestor.claim(7);
        equal(attestor.potOf(7), 0, "three wei are one each");
        equal(attestor.creditOf(memberOf(0)), FEE, "a third of all");
    }

    /// @dev Each set has its own pot; a member of both is credited from both.
    function test_claim_OfOnePot_LeavesTheOther() external {
        earn(7, FEE, "one");
        earn(28, FEE, "two");
        attestor.claim(28);
        equal(attestor.potOf(7), FEE, "the other pot");
        equal(attestor.creditOf(memberOf(2)), FEE / K, "from one");
        attestor.claim(7);
        equal(attestor.creditOf(memberOf(2)), 2 * (FEE / K), "from both");
    }

    function testFuzz_claim_RevertsIf_ThePotIsEmpty(uint32 signers) external {
        vm.expectRevert(abi.encodeWithSelector(IQuorumAttestor.PotEmpty.selector, signers, 0));
        attestor.claim(signers);
        earn(7, FEE, "one");
        attestor.claim(7);
        vm.expectRevert(abi.encodeWithSelector(IQuorumAttestor.PotEmpty.selector, 7, 1));
        attestor.claim(7);
    }

    function testFuzz_withdraw_PaysAMemberItsWholeCredit(uint256 which) external {
        address member = memberOf(bound(which, 0, K - 1));
        earn(7, FEE, "one");
        attestor.claim(7);

        vm.expectEmit(true, true, true, true, address(attestor));
        emit ICommittee.Withdrawn(member, address(0xBEEF), FEE / K);
        vm.prank(member);
        attestor.withdraw(payable(address(0xBEEF)));

        equal(address(0xBEEF).balance, FEE / K, "paid");
        equal(attestor.creditOf(member), 0, "once");
    }

    function testFuzz_withdraw_RevertsIf_NoCredit(address account) external {
        earn(7, FEE, "one");
        attestor.claim(7);
        for (uint256 i = 0; i < K; ++i) vm.assume(account != memberOf(i));
        vm.prank(account);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoCredit.selector, account));
        attestor.withdraw(payable(account));
    }

    /// @dev FAULTS 29: a receiver that takes no ether costs nobody anything.
    function test_withdraw_RevertsIf_ReceiverReverts_AndKeepsTheCredit() external {
        address refuser = deploy("contracts/mocks/EtherRefuser.sol:EtherRefuser", "");
        earn(7, FEE, "one");
        attestor.claim(7);
        vm.prank(memberOf(0));
        vm.expectRevert(abi.encodeWithSignature("NoEther(uint256)", FEE / K));
        attestor.withdraw(payable(refuser));
        equal(attestor.creditOf(memberOf(0)), FEE / K, "kept");
    }

    /// @dev FAULTS 22: a member that is a contract withdraws again from within its own withdrawal.
    function test_withdraw_Reentered_PaysOnce() external {
        address member = deploy("contracts/mocks/ReentrantConsumer.sol:ReentrantConsumer", "");
        address[] memory list = membersOf(3);
        list[1] = member;
        attestor = quorumOf(list, 1);
        bytes32 modelId = keccak256("its model");
        register(modelId, config(address(attestor)));
        Prediction memory p = predict(keccak256("loan"), INPUT);
        vm.deal(address(oracle), 2 * FEE);
        vm.startPrank(address(oracle));
        attestor.shareFee(p, abi.encodePacked(uint32(2), uint32(0)), FEE);
        attestor.shareFee(p, abi.encodePacked(uint32(1), uint32(0)), FEE);
        (bool sent, ) = address(attestor).call{value: 2 * FEE}("");
        vm.stopPrank();
        isTrue(sent, "fees arrive");
        attestor.claim(2);
        bytes memory again = abi.encodeCall(ICommittee.withdraw, (payable(member)));
        IReentrant(member).prepare(address(attestor), 0, again);

        IReentrant(member).execute(address(attestor), again);

        (bool success, bytes memory fault) = IReentrant(member).outcome(0);
        isTrue(!success && bytes4(fault) == ICommittee.NoCredit.selector, "refused by name");
        equal(member.balance, FEE, "paid once");
        equal(address(attestor).balance, FEE, "the other's fee is there");
    }

    /// @dev FAULTS 30: only the decision contract may send ether, and what is forced in changes nothing.
    function testFuzz_receive_RevertsIf_SenderIsNotTheDecisionContract(address sender, uint96 amount) external {
        vm.assume(sender != address(oracle));
        vm.deal(sender, amount);
        vm.prank(sender);
        (bool success, bytes memory fault) = address(attestor).call{value: amount}("");
        isTrue(!success && bytes4(fault) == ICommittee.NotDecisionContract.selector, "refused");
        vm.deal(address(attestor), amount);
        earn(7, FEE, "one");
        attestor.claim(7);
        vm.prank(memberOf(0));
        attestor.withdraw(payable(address(0xBEEF)));
        equal(address(0xBEEF).balance, FEE / K, "paid its share");
    }

    // A change of members

    /// @dev FAULTS 3 and 17: the open request is answered and paid for by those it was made to, the next by the others.
    function test_change_OfMembers_DoesNotReachAnOpenRequest() external {
        IQuorumAttestor next = quorumOf(membersOf(N + 1), K);
        vm.prank(owner);
        oracle.proposeModelChange(QUORUM, config(address(next)));
        ModelChange memory change = oracle.modelChangeOf(QUORUM);
        isTrue(change.sharesFees && change.verifies && change.trustLevel == 2, "what is to come");
        uint256 changeAt = oracle.modelOf(QUORUM).changeAt;
        vm.prank(requester);
        bytes32 id = oracle.requestDecision{value: FEE}(QUORUM, INPUT, 0, uint40(changeAt));
        vm.warp(changeAt);
        Prediction memory p = about(id, INPUT);
        bytes memory byTheNext = signedBy(7, next.digestOf(p));
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.NotVouched.selector, attestor, QUORUM, id));
        oracle.relayDecision(p, byTheNext);
        oracle.relayDecision(p, signedBy(7, attestor.digestOf(p)));
        equal(attestor.potOf(7), FEE, "the old members earn");

        vm.warp(changeAt + 1);
        oracle.applyModelChange(QUORUM);
        p = about(askQuorum(hex"02", 0), hex"02");
        bytes memory byTheOld = signedBy(7, attestor.digestOf(p));
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.NotVouched.selector, next, QUORUM, p.subject));
        oracle.relayDecision(p, byTheOld);
        oracle.relayDecision(p, signedBy(7, next.digestOf(p)));
        equal(next.potOf(7), FEE, "the new members earn");
        attestor.claim(7);
        equal(attestor.creditOf(memberOf(0)), FEE / K, "and the old ones are paid still");
    }

    function test_model_SharesFees_OnlyIfTheAttestorSaysSo() external {
        isTrue(oracle.modelOf(QUORUM).sharesFees, "a committee");
        bytes32 modelId = keccak256("fixed");
        register(modelId, config(fixedAttestor(true, 1)));
        isTrue(oracle.modelOf(modelId).verifies && !oracle.modelOf(modelId).sharesFees, "another attestor");
        address careless = deploy("contracts/mocks/OpenFallback.sol:OpenFallback", "");
        register(keccak256("careless"), config(careless));
        isTrue(!oracle.modelOf(keccak256("careless")).sharesFees, "one that says yes to everything");
    }

    function askQuorum(bytes memory input, uint24 callbackGas) private returns (bytes32) {
        vm.prank(requester);
        return oracle.requestDecision{value: FEE}(QUORUM, input, callbackGas, soon());
    }

    function askFrom(address consumer, bytes memory input) private returns (bytes32) {
        return IAsker(consumer).ask{value: FEE}(QUORUM, input, 100_000, soon());
    }

    function earn(uint32 signers, uint256 fee, string memory what) private {
        vm.deal(requester, fee);
        vm.prank(requester);
        bytes32 id = oracle.requestDecision{value: fee}(QUORUM, bytes(what), 0, soon());
        Prediction memory p = about(id, bytes(what));
        oracle.relayDecision(p, signedBy(signers, attestor.digestOf(p)));
    }

    function about(bytes32 subject, bytes memory input) private view returns (Prediction memory p) {
        p = predict(subject, input);
        p.modelId = QUORUM;
    }
}

interface IAsker {
    function ask(
        bytes32 modelId,
        bytes calldata input,
        uint24 callbackGas,
        uint40 deadline
    ) external payable returns (bytes32);
}

interface IReentrant {
    function prepare(address target, uint256 value, bytes calldata message) external payable;
    function execute(address target, bytes calldata message) external payable returns (bytes memory);
    function outcome(uint256 index) external view returns (bool success, bytes memory answer);
}
