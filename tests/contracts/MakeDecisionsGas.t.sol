// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {CallbackStatus} from "../../contracts/types/Decision.sol";
import {ModelConfig} from "../../contracts/types/Model.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {BundleStage} from "./support/BundleStage.sol";
import {IGasConsumer, IReentrantConsumer, IRevertingConsumer} from "./support/Consumers.sol";

/// @title MakeDecisionsGasTest
/// @notice Several predictions in one transaction: what one policy or one consumer does costs that one's gas, and
/// undoes nothing of the others; what the sender saves on gas it saves on decisions, never on callbacks.
contract MakeDecisionsGasTest is BundleStage {
    bytes32 private constant ODD = keccak256("odd");
    /// @dev Spends all gas; then the invalid opcode; then 256 KiB given back, as a revert and as an answer.
    bytes[4] private faults = [bytes(hex"5b5f56"), hex"fe", hex"620400005ffd", hex"620400005ff3"];
    uint256 private constant BURNS = 0; // which leaves its caller a 64th
    uint256 private constant FLOODS = 2; // which has its caller burn that as well

    // Policies

    /// @dev FAULTS 20 and 21, of policies: each is refused for its own gas, and no flood of bytes is copied.
    function test_bundle_PolicyAtFault_CostsItsGasOnly() external {
        address faulty = registerOdd();
        for (uint256 fault = 0; fault < faults.length; ++fault) {
            vm.etch(faulty, faults[fault]);
            Prediction[] memory said = openAndPredict(3);
            said[1] = odd(fault);
            (bool[] memory made, uint256 spent) = makeAndCount(said, PLENTY);
            for (uint256 i = 0; i < 3; ++i) madeIs(made[i], i != 1, said[i]);

            isTrue(spent < refusedFor(said[1]) + 150_000, "its own gas, and that of two answers");
        }
    }

    function testFuzz_bundle_NoneTakesMoreThanItsGas(uint256 gasEach) external {
        gasEach = bound(gasEach, 60_000, 5_000_000);
        vm.etch(registerOdd(), faults[BURNS]);
        Prediction[] memory said = openAndPredict(3);
        said[1] = odd(0);
        (bool[] memory made, uint256 spent) = makeAndCount(said, gasEach);
        for (uint256 i = 0; i < 3; ++i) madeIs(made[i], i != 1, said[i]);
        isTrue(spent >= gasEach - gasEach / 64 && spent < gasEach + 150_000, "its gas, and that of two answers");
    }

    /// @dev The least gas that suffices for the dearest suffices for all; one less refuses that one alone.
    function test_bundle_GasEach_IsTheMostForOne() external {
        Prediction[] memory said = openAndPredict(2);
        said[1] = predict(keccak256("loan 7"), INPUT); // fills a new slot, which is dear
        answer(predict(ask(INPUT, 0), INPUT)); // fills that of the operator's credit

        uint256 least = leastGas(said, 1);
        bool[] memory made = this.tryMake(said, least - 1);
        isTrue(made[0] && !made[1], "one less is too little for the dearest");
        made = makeAll(said, least);
        isTrue(made[0] && made[1], "enough for both");
    }

    // Too little gas

    /// @dev What `IDecisionContract` says that a transaction needs is enough for the last, though all before it burn
    /// theirs: its own 21,000 and the calldata aside, 4,000 and 1,000 for each.
    function testFuzz_bundle_OfTheGasThatIsNamed_GivesTheLastItsOwn(uint8 count) external {
        count = uint8(bound(count, 1, 60));
        vm.etch(registerOdd(), faults[FLOODS]);
        Prediction[] memory said = new Prediction[](1);
        said[0] = predict(askFrom(gasConsumer(IGasConsumer.Mode.Measure), 150_000), INPUT);
        uint256 gasEach = leastGas(said, 0);
        Prediction memory last = said[0];
        said = new Prediction[](count);
        for (uint256 i = 0; i + 1 < count; ++i) said[i] = odd(i);
        said[count - 1] = last;

        bytes memory message = abi.encodeCall(IDecisionContract.makeDecisions, (said, gasEach));
        uint256 sent = (uint256(count) * gasEach * 64) / 63 + 4_000 + uint256(count) * 1_000;
        vm.prank(operator);
        (bool success, ) = address(oracle).call{gas: sent}(message);
        madeIs(success, true, last);
    }

    /// @dev Whatever gas the sender gives and whatever burns it, those that were made stay made.
    function testFuzz_bundle_OfAnyGas_UndoesNothing(uint256 sent, uint8 count, uint256 seed) external {
        count = uint8(bound(count, 1, 60));
        vm.etch(registerOdd(), faults[seed % 2 == 0 ? BURNS : FLOODS]);
        Prediction[] memory said = new Prediction[](count);
        for (uint256 i = 0; i < count; ++i) {
            bool burns = (seed >> (i + 1)) & 1 == 1;
            said[i] = burns ? odd(i) : predict(keccak256(abi.encode(i)), INPUT);
        }
        bytes memory message = abi.encodeCall(IDecisionContract.makeDecisions, (said, 200_000));
        sent = bound(sent, 5_000 + uint256(count) * 1_000, 100_000 + uint256(count) * 210_000);
        vm.prank(operator);
        (bool success, bytes memory answer_) = address(oracle).call{gas: sent}(message);

        isTrue(success, "goes through");
        bool[] memory made = abi.decode(answer_, (bool[]));
        for (uint256 i = 0; i < count; ++i) madeIs(made[i], made[i], said[i]);
        for (uint256 i = 0; i < count; ++i) isTrue(!(made[i] && (seed >> (i + 1)) & 1 == 1), "burners are refused");
        if (sent > 100_000) isTrue(made[0] || (seed >> 1) & 1 == 1, "the first had enough");
    }

    /// @dev In order, for as long as there is gas.
    function test_bundle_OfTooLittleGas_LeavesTheLastOut() external {
        Prediction[] memory said = new Prediction[](100);
        for (uint256 i = 0; i < 100; ++i) said[i] = predict(keccak256(abi.encode(i)), INPUT);
        vm.prank(operator);
        bool[] memory made = oracle.makeDecisions{gas: 1_000_000}(said, PLENTY);
        uint256 count = 0;
        while (made[count]) madeIs(true, true, said[count++]);
        isTrue(count > 5 && count < 40, "some");
        for (uint256 i = count; i < 100; ++i) madeIs(made[i], false, said[i]);
    }

    /// @dev FAULTS 24 and 25, in a bundle: of what is made each callback had its exact gas, and the last ones are left
    /// undone where the gas ran out.
    function testFuzz_bundle_CallbackGetsExactGasOrIsRefused(uint24 callbackGas, uint256 sent, uint8 count) external {
        callbackGas = uint24(bound(callbackGas, 60_000, 1_000_000));
        count = uint8(bound(count, 1, 6));
        IGasConsumer[] memory consumers = new IGasConsumer[](count);
        Prediction[] memory said = new Prediction[](count);
        uint256[] memory entries = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            consumers[i] = gasConsumer(IGasConsumer.Mode.Measure);
            entries[i] = measureEntry(consumers[i], callbackGas);
            said[i] = predict(askFrom(consumers[i], callbackGas), INPUT);
        }
        uint256 earned = oracle.creditOf(operator);
        sent = bound(sent, 30_000, uint256(count) * 120_000 + (uint256(callbackGas) * 64) / 63 + 20_000);
        bytes memory message = abi.encodeCall(IDecisionContract.makeDecisions, (said, type(uint256).max));
        vm.prank(operator);
        (bool success, bytes memory answer_) = address(oracle).call{gas: sent}(message);

        isTrue(success, "goes through");
        bool[] memory made = abi.decode(answer_, (bool[]));
        for (uint256 i = 0; i < count; ++i) {
            madeIs(made[i], made[i], said[i]);
            if (!made[i]) continue;
            earned += FEE;
            callbackIs(said[i], CallbackStatus.Delivered);
            equal(consumers[i].gasAtEntry(), entries[i], "exact gas");
        }
        equal(oracle.creditOf(operator), earned, "paid for those made");
    }

    /// @dev A gas for each that is below what a callback was promised refuses that one; it is not called with less.
    function testFuzz_bundle_GasEachBelowTheCallbacks_RefusesIt(uint24 callbackGas) external {
        callbackGas = uint24(bound(callbackGas, 100_000, 1_000_000));
        IGasConsumer consumer = gasConsumer(IGasConsumer.Mode.Measure);
        Prediction[] memory said = openAndPredict(3);
        said[1] = predict(askFrom(consumer, callbackGas), INPUT);
        bool[] memory made = makeAll(said, callbackGas);
        for (uint256 i = 0; i < 3; ++i) madeIs(made[i], i != 1, said[i]);
        equal(consumer.gasAtEntry(), 0, "not called");
        isTrue(makeAll(said, uint256(callbackGas) + 200_000)[1], "made when there is gas");
    }

    // Consumers

    /// @dev FAULTS 19 to 21: what it does to its callback is its own loss, and on record.
    function test_bundle_ConsumerAtFault_LosesItsCallbackOnly() external {
        IRevertingConsumer refusing = revertingConsumer();
        Prediction[] memory said = openAndPredict(6);
        for (uint256 mode = 1; mode <= 3; ++mode) {
            said[mode] = predict(askFrom(gasConsumer(IGasConsumer.Mode(mode)), 200_000), INPUT);
        }
        said[4] = predict(askAs(address(refusing), 200_000), INPUT);
        (bool[] memory made, uint256 spent) = makeAndCount(said, 300_000);

        for (uint256 i = 0; i < 6; ++i) madeIs(made[i], true, said[i]);
        callbackIs(said[1], CallbackStatus.Failed);
        callbackIs(said[2], CallbackStatus.Delivered);
        callbackIs(said[3], CallbackStatus.Failed);
        callbackIs(said[4], CallbackStatus.Failed);
        equal(oracle.creditOf(operator), 6 * FEE, "every fee");
        isTrue(spent < 4 * 200_000 + 6 * 80_000, "the callbacks' gas, and that of the answers");
    }

    /// @dev FAULTS 22 and 26: in the middle of a bundle a callback settles what comes before and after it, by every
    /// entry there is. Each is settled once, and the bundle says what it did itself.
    function test_bundle_CallbackSettlesTheOthers_EachOnce() external {
        IReentrantConsumer consumer = reentrantConsumer();
        IRevertingConsumer refusing = revertingConsumer();
        bytes32 own = keccak256("own");
        register(own, config(address(consumer)));
        Prediction[] memory said = new Prediction[](5);
        vm.prank(requester);
        said[3] = predict(oracle.requestDecision{value: FEE}(own, INPUT, 0, uint40(block.timestamp + 1)), INPUT);
        vm.warp(block.timestamp + 2);
        vm.prank(requester);
        said[0] = predict(refusing.ask{value: FEE}(own, INPUT, 100_000, soon()), INPUT);
        said[1] = predict(askBy(consumer, own), INPUT);
        vm.prank(requester);
        said[2] = predict(oracle.requestDecision{value: FEE}(own, INPUT, 0, soon()), INPUT);
        vm.prank(requester);
        said[4] = predict(oracle.requestDecision{value: FEE}(own, hex"01", 0, soon()), hex"01");
        for (uint256 i = 0; i < 5; ++i) said[i].modelId = own;

        prepareToSettle(consumer, refusing, said);
        bytes memory answer_ = consumer.execute(
            address(oracle),
            abi.encodeCall(IDecisionContract.makeDecisions, (said, 5_000_000))
        );

        equal(consumer.callbacks(), 1, "called back once");
        equal(consumer.outcomeCount(), 6, "all tried");
        for (uint256 i = 0; i < 6; ++i) {
            (bool success, ) = consumer.outcome(i);
            isTrue(success, "each is somebody's right");
        }
        bool[] memory made = abi.decode(answer_, (bool[]));
        isTrue(made[0] && made[1] && !made[2] && !made[3] && !made[4], "what the bundle did itself");
        (, bytes memory inner) = consumer.outcome(5);
        made = abi.decode(abi.decode(abi.encode(inner), (bytes)), (bool[]));
        isTrue(!made[0] && !made[1] && !made[2] && !made[3] && made[4], "what the bundle within it did");
        equal(refusing.deliveries(said[0].subject), 1, "delivered once");
        callbackIs(said[0], CallbackStatus.Delivered);
        callbackIs(said[1], CallbackStatus.Delivered);
        equal(oracle.decisionOf(own, said[3].subject).verdict, 0, "refunded, not decided");
        equal(address(0xF00D).balance, 3 * FEE, "three fees were withdrawn");
        equal(oracle.creditOf(address(consumer)), FEE, "the fourth is credited");
        equal(oracle.creditOf(requester), FEE, "one came back");
        equal(address(oracle).balance, 2 * FEE, "and that is all there is");
    }

    // Steps

    /// @dev A model of the operator's whose policy is about to be replaced by one at fault.
    function registerOdd() private returns (address faulty) {
        ModelConfig memory rules = config(operator);
        rules.policy = faulty = fixedPolicy(2);
        register(ODD, rules);
    }

    function odd(uint256 place) private view returns (Prediction memory p) {
        p = predict(keccak256(abi.encode("odd", place)), INPUT);
        p.modelId = ODD;
    }

    function makeAndCount(
        Prediction[] memory said,
        uint256 gasEach
    ) private returns (bool[] memory made, uint256 spent) {
        vm.prank(operator);
        spent = gasleft();
        made = oracle.makeDecisions{gas: BLOCK_GAS}(said, gasEach);
        spent -= gasleft();
    }

    /// @dev What a prediction's refusal costs alone. Assembly, so that no flood of bytes is copied here.
    function refusedFor(Prediction memory said) private returns (uint256 spent) {
        bytes memory message = abi.encodeCall(IDecisionContract.makeDecision, (said));
        address target = address(oracle);
        bool success;
        vm.prank(operator);
        spent = gasleft();
        assembly ("memory-safe") {
            success := call(PLENTY, target, 0, add(message, 0x20), mload(message), 0, 0)
        }
        spent -= gasleft();
        isTrue(!success, "refused");
    }

    /// @dev The least gas for each with which one of them is made, by bisection.
    function leastGas(Prediction[] memory said, uint256 which) private returns (uint256 high) {
        uint256 low = 10_000;
        high = 300_000;
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            if (this.tryMake(said, middle)[which]) high = middle;
            else low = middle;
        }
    }

    /// @dev Makes them, and undoes it.
    function tryMake(Prediction[] calldata said, uint256 gasEach) external returns (bool[] memory made) {
        try this.makeAndUndo(said, gasEach) {} catch (bytes memory undone) {
            made = abi.decode(undone, (bool[]));
        }
    }

    function makeAndUndo(Prediction[] calldata said, uint256 gasEach) external {
        bytes memory made = abi.encode(makeAll(said, gasEach));
        assembly ("memory-safe") {
            revert(add(made, 0x20), mload(made))
        }
    }

    function prepareToSettle(
        IReentrantConsumer consumer,
        IRevertingConsumer refusing,
        Prediction[] memory said
    ) private {
        bytes memory again = abi.encodeCall(IDecisionContract.makeDecisions, (said, 500_000));
        prepare(consumer, address(refusing), abi.encodeCall(IRevertingConsumer.setMended, (true)));
        prepare(
            consumer,
            address(oracle),
            abi.encodeCall(IDecisionContract.retryCallback, (said[0].modelId, said[0].subject, address(refusing), 0))
        );
        prepare(consumer, address(oracle), abi.encodeCall(IDecisionContract.makeDecision, (said[2])));
        prepare(
            consumer,
            address(oracle),
            abi.encodeCall(IDecisionContract.refund, (said[0].modelId, said[3].subject))
        );
        prepare(consumer, address(oracle), abi.encodeCall(IDecisionContract.withdraw, (payable(address(0xF00D)))));
        prepare(consumer, address(oracle), again);
    }

    function prepare(IReentrantConsumer consumer, address target, bytes memory message) private {
        consumer.prepare(target, 0, message);
    }
}
