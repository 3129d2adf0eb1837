// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {Stage} from "./support/Stage.sol";

interface IEtherRefuser {
    function ask(
        address oracle,
        bytes32 modelId,
        bytes calldata input,
        uint40 deadline
    ) external payable returns (bytes32);
    function withdraw(address oracle, address payable to) external;
}

interface IReentrant {
    function prepare(address target, uint256 value, bytes calldata message) external payable;
    function execute(address target, bytes calldata message) external payable returns (bytes memory);
    function outcomeCount() external view returns (uint256);
    function outcome(uint256 index) external view returns (bool success, bytes memory answer);
}

/// @title WithdrawTest
/// @notice Credits are paid out to whom their account says, once, and one that cannot be paid harms nobody else.
contract WithdrawTest is Stage {
    function testFuzz_withdraw_PaysTheWholeCredit(uint8 requests) external {
        uint256 count = bound(requests, 1, 5);
        for (uint256 i = 0; i < count; ++i) answer(predict(ask(INPUT, 0), INPUT));
        address to = address(0xBEEF);

        vm.expectEmit(true, true, true, true, address(oracle));
        emit IDecisionContract.Withdrawn(operator, to, count * FEE);
        vm.prank(operator);
        oracle.withdraw(payable(to));

        equal(to.balance, count * FEE, "paid");
        equal(oracle.creditOf(operator), 0, "credit");
        equal(address(oracle).balance, 0, "nothing is left");
    }

    function testFuzz_withdraw_RevertsIf_NoCredit(address account) external {
        answer(predict(ask(INPUT, 0), INPUT));
        vm.assume(account != operator);
        vm.prank(account);
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.NoCredit.selector, account));
        oracle.withdraw(payable(account));
    }

    /// @dev FAULTS 29: the refund to one who takes no ether is made all the same, and can be sent elsewhere.
    function test_withdraw_RevertsIf_ReceiverReverts_AndKeepsTheCredit() external {
        IEtherRefuser refuser = IEtherRefuser(deploy("contracts/mocks/EtherRefuser.sol:EtherRefuser", ""));
        vm.prank(requester);
        bytes32 id = refuser.ask{value: FEE}(address(oracle), MODEL, INPUT, soon());
        vm.warp(soon() + 1);
        oracle.refund(MODEL, id);

        vm.expectRevert(abi.encodeWithSignature("NoEther(uint256)", FEE));
        refuser.withdraw(address(oracle), payable(address(refuser)));
        equal(oracle.creditOf(address(refuser)), FEE, "credit");

        refuser.withdraw(address(oracle), payable(address(0xBEEF)));
        equal(address(0xBEEF).balance, FEE, "paid elsewhere");
    }

    /// @dev FAULTS 22.
    function test_withdraw_Reentered_PaysOnce() external {
        IReentrant account = IReentrant(deploy("contracts/mocks/ReentrantConsumer.sol:ReentrantConsumer", ""));
        ask(INPUT, 0); // another's escrow to steal
        vm.prank(requester);
        bytes memory id = account.execute{value: FEE}(
            address(oracle),
            abi.encodeCall(IDecisionContract.requestDecision, (MODEL, INPUT, 0, soon()))
        );
        vm.warp(soon() + 1);
        oracle.refund(MODEL, abi.decode(id, (bytes32)));
        bytes memory again = abi.encodeCall(IDecisionContract.withdraw, (payable(address(account))));
        account.prepare(address(oracle), 0, again);

        account.execute(address(oracle), again);

        (bool success, bytes memory fault) = account.outcome(0);
        isTrue(!success && bytes4(fault) == IDecisionContract.NoCredit.selector, "refused by name");
        equal(address(account).balance, FEE, "paid once");
        equal(address(oracle).balance, FEE, "the other escrow is there");
    }

    /// @dev FAULTS 30: ether that nobody asked for is nobody's, and changes nothing.
    function testFuzz_withdraw_IgnoresForcedEther(uint96 forced) external {
        vm.deal(address(oracle), forced);
        answer(predict(ask(INPUT, 0), INPUT));
        vm.prank(operator);
        oracle.withdraw(payable(address(0xBEEF)));
        equal(address(0xBEEF).balance, FEE, "paid");
        equal(address(oracle).balance, forced, "forced ether stays");
    }

    function test_withdraw_TakesNoPlainEther() external {
        vm.deal(address(this), 1 ether);
        (bool success, ) = address(oracle).call{value: 1 ether}("");
        isTrue(!success, "no receive");
    }
}
