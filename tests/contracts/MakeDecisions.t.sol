// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {Decision} from "../../contracts/types/Decision.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {BundleStage} from "./support/BundleStage.sol";
import {IGasConsumer, IRevertingConsumer} from "./support/Consumers.sol";

/// @title MakeDecisionsTest
/// @notice Several predictions in one transaction: each has the effects that it has alone, or none.
contract MakeDecisionsTest is BundleStage {
    bytes32 private constant LOAN = keccak256("loan 7");
    bytes32 private constant OTHER = keccak256("other model");
    uint256 private constant KINDS = 9;

    /// @notice What a sequence of answers came to.
    struct Effects {
        bool[] made;
        Decision[] decisions;
        uint256 credit;
        bytes32 logs;
    }

    error Undone(Effects effects);

    IGasConsumer private measuring;
    IRevertingConsumer private refusing;

    function setUp() public override {
        super.setUp();
        register(OTHER, config(stranger));
        measuring = gasConsumer(IGasConsumer.Mode.Measure);
        refusing = revertingConsumer();
    }

    // As one by one

    /// @dev Verdicts, callbacks, fees and every event, in their order: whatever is in the bundle, and whatever of it is
    /// refused.
    function testFuzz_bundle_IsAsOneByOne(uint8 count, uint256 seed) external {
        Prediction[] memory said = new Prediction[](count % 12);
        for (uint256 i = 0; i < said.length; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            bool again = i != 0 && dice % 8 == 0;
            said[i] = again ? said[(dice >> 8) % i] : anyPrediction((dice >> 8) % KINDS, dice);
        }

        Effects memory want;
        try this.oneByOneAndUndo(said) {} catch (bytes memory undone) {
            want = effectsIn(undone);
        }
        vm.recordLogs();
        bool[] memory made = makeAll(said, PLENTY);
        Effects memory got = effectsOf(said, made);

        equal(got.made.length, said.length, "one answer each");
        for (uint256 i = 0; i < said.length; ++i) {
            isTrue(got.made[i] == want.made[i], "made");
            same(got.decisions[i], want.decisions[i]);
        }
        equal(got.credit, want.credit, "fees");
        equal(got.logs, want.logs, "events");
    }

    function oneByOneAndUndo(Prediction[] calldata said) external {
        bool[] memory made = new bool[](said.length);
        vm.recordLogs();
        for (uint256 i = 0; i < said.length; ++i) {
            vm.prank(operator);
            (made[i], ) = address(oracle).call{gas: PLENTY}(abi.encodeCall(IDecisionContract.makeDecision, (said[i])));
        }
        revert Undone(effectsOf(said, made));
    }

    // What is refused

    /// @dev FAULTS 8, 12, 18, 26, 27: one of every kind that is refused, between two that are not.
    function test_bundle_RefusedOnes_LeaveTheOthersAlone() external {
        Prediction[] memory good = openAndPredict(2);
        Prediction[] memory bad = new Prediction[](10);
        for (uint256 i = 0; i < 3; ++i) bad[i] = predict(ask(INPUT, 0), INPUT);
        bad[0].inputHash = keccak256("another input");
        bad[1].confidence = 1_000_001;
        bad[2].predictedAt = uint40(block.timestamp + 1);
        vm.prank(requester);
        bytes32 id = oracle.requestDecision{value: FEE}(OTHER, INPUT, 0, soon());
        bad[3] = predict(id, INPUT); // asked of another model
        bad[4] = predict(id, INPUT);
        bad[4].modelId = OTHER; // which has another operator
        bad[5] = predict(bytes32(bytes4(0xD0EC1510)), INPUT); // never asked
        bad[6] = predict(LOAN, INPUT);
        bad[6].modelId = keccak256("no model");
        bad[7] = predict(LOAN, INPUT);
        bad[7].predictedAt = uint40(block.timestamp - MAX_AGE - 1);
        vm.prank(requester);
        bad[8] = predict(oracle.requestDecision{value: FEE}(MODEL, INPUT, 0, uint40(block.timestamp + 1)), INPUT);
        vm.prank(requester);
        bad[9] = predict(oracle.requestDecision{value: FEE}(MODEL, INPUT, 0, uint40(block.timestamp + 1)), INPUT);
        vm.warp(block.timestamp + 2);
        (bad[2].predictedAt, bad[7].predictedAt) = (bad[2].predictedAt + 2, bad[7].predictedAt + 2);
        oracle.refund(MODEL, bad[9].subject);

        Prediction[] memory said = new Prediction[](12);
        (said[0], said[11]) = (good[0], good[1]);
        for (uint256 i = 0; i < 10; ++i) said[i + 1] = bad[i];
        vm.recordLogs();
        bool[] memory made = makeAll(said, PLENTY);

        for (uint256 i = 0; i < 12; ++i) madeIs(made[i], i == 0 || i == 11, said[i]);
        equal(vm.getRecordedLogs().length, 2, "no event of those refused");
        equal(oracle.creditOf(operator), 2 * FEE, "two fees");
    }

    /// @dev FAULTS 26: the first is the one.
    function testFuzz_bundle_Duplicates_DecideOnce(int128 value, uint8 count) external {
        count = uint8(bound(count, 2, 10));
        bytes32 id = ask(INPUT, 0);
        Prediction[] memory said = new Prediction[](count);
        for (uint256 i = 0; i < count; ++i) {
            said[i] = predict(id, INPUT);
            if (i != 0) said[i].value = value;
        }
        bool[] memory made = makeAll(said, PLENTY);

        for (uint256 i = 0; i < count; ++i) isTrue(made[i] == (i == 0), "the first alone");
        equal(oracle.decisionOf(MODEL, id).value, int256(812), "value");
        equal(oracle.creditOf(operator), FEE, "paid once");
    }

    function testFuzz_bundle_OfAnother_DecidesNothing(address caller) external {
        vm.assume(caller != operator);
        Prediction[] memory said = openAndPredict(3);
        vm.recordLogs();
        vm.prank(caller);
        bool[] memory made = oracle.makeDecisions(said, PLENTY);

        for (uint256 i = 0; i < 3; ++i) madeIs(made[i], false, said[i]);
        equal(vm.getRecordedLogs().length, 0, "no event");
        equal(oracle.creditOf(caller), 0, "no fee");
    }

    /// @dev Who sends the bundle is who decides, model by model: each attestor gets the fees of its own models.
    function test_bundle_OfSeveralModels_DecidesTheCallersOnly() external {
        register(keccak256("second"), config(operator));
        Prediction[] memory said = new Prediction[](3);
        bytes32[3] memory models = [MODEL, OTHER, keccak256("second")];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(requester);
            said[i] = predict(oracle.requestDecision{value: FEE}(models[i], INPUT, 0, soon()), INPUT);
            said[i].modelId = models[i];
        }

        bool[] memory made = makeAll(said, PLENTY);
        for (uint256 i = 0; i < 3; ++i) madeIs(made[i], i != 1, said[i]);
        vm.prank(stranger);
        made = oracle.makeDecisions(said, PLENTY);
        isTrue(!made[0] && made[1] && !made[2], "the other's own");
        equal(oracle.creditOf(operator), 2 * FEE, "two of one");
        equal(oracle.creditOf(stranger), FEE, "one of the other");
    }

    /// @dev FAULTS 18: a pause stops what is new, in the middle of a bundle too.
    function test_bundle_WhilePaused_OnlyAnswers() external {
        Prediction[] memory said = openAndPredict(3);
        said[1] = predict(LOAN, INPUT);
        vm.prank(owner);
        oracle.pauseModel(MODEL);
        bool[] memory made = makeAll(said, PLENTY);
        for (uint256 i = 0; i < 3; ++i) madeIs(made[i], i != 1, said[i]);
    }

    /// @dev Rule 3: with a change due the old rules decide nothing unasked, and applied, the old attestor nothing.
    function test_bundle_AroundAChange_IsTheAttestorsOfTheTime() external {
        Prediction[] memory said = new Prediction[](1);
        propose(config(stranger));
        vm.warp(block.timestamp + 2 days + 1);
        said[0] = predict(LOAN, INPUT);
        madeIs(makeAll(said, PLENTY)[0], false, said[0]);

        oracle.applyModelChange(MODEL);
        madeIs(makeAll(said, PLENTY)[0], false, said[0]);
        vm.prank(stranger);
        madeIs(oracle.makeDecisions(said, PLENTY)[0], true, said[0]);
    }

    // The call itself

    function testFuzz_bundle_Empty_ChangesNothing(address caller, uint256 gasEach) external {
        vm.recordLogs();
        vm.prank(caller);
        equal(oracle.makeDecisions(new Prediction[](0), gasEach).length, 0, "answers");
        equal(vm.getRecordedLogs().length, 0, "events");
    }

    /// @dev FAULTS 8: dirt in one prediction is that one's alone, and what follows them changes nothing.
    function testFuzz_bundle_DirtyOne_IsRefusedAlone(
        uint256 which,
        uint256 field,
        uint256 dirt,
        bytes memory tail
    ) external {
        Prediction[] memory said = openAndPredict(3);
        (which, field) = (which % 3, bound(field, 0, 2));
        uint256 width = [uint256(128), 32, 40][field];
        dirt = bound(dirt, 1, type(uint256).max >> width) << width;
        bytes memory message = abi.encodeCall(IDecisionContract.makeDecisions, (said, PLENTY));
        uint256 place = 0x24 + 3 * 0x20 + (which * 7 + 4 + field) * 0x20;
        assembly ("memory-safe") {
            place := add(message, place)
            mstore(place, xor(mload(place), dirt))
        }

        vm.prank(operator);
        (bool success, bytes memory answer_) = address(oracle).call(bytes.concat(message, tail));
        isTrue(success, "the bundle goes through");
        bool[] memory made = abi.decode(answer_, (bool[]));
        for (uint256 i = 0; i < 3; ++i) madeIs(made[i], i != which, said[i]);
    }

    function testFuzz_bundle_RevertsIf_CalldataShort(uint256 length) external {
        bytes memory message = abi.encodeCall(IDecisionContract.makeDecisions, (openAndPredict(2), PLENTY));
        length = bound(length, 4, message.length - 1);
        assembly ("memory-safe") {
            mstore(message, length)
        }
        vm.prank(operator);
        (bool success, ) = address(oracle).call(message);
        isTrue(!success, "short calldata is refused");
    }

    /// @dev A payment would be seen by each frame.
    function test_bundle_RevertsIf_PaidTo() external {
        bytes memory message = abi.encodeCall(IDecisionContract.makeDecisions, (openAndPredict(2), PLENTY));
        vm.deal(operator, 1);
        vm.prank(operator);
        (bool success, ) = address(oracle).call{value: 1}(message);
        isTrue(!success, "takes no ether");
    }

    // What there is to answer

    /// @dev A prediction that is taken, in one of three ways, or refused, in one of six.
    function anyPrediction(uint256 kind, uint256 dice) private returns (Prediction memory p) {
        if (kind == 0) p = predict(keccak256(abi.encode(dice)), INPUT);
        else if (kind == 1) p = predict(askFrom(measuring, 100_000), INPUT);
        else if (kind == 2) p = predict(askAs(address(refusing), 100_000), INPUT);
        else if (kind == 3) p = predict(bytes32(bytes4(0xD0EC1510)) | bytes32(dice >> 32), INPUT);
        else p = predict(ask(INPUT, 0), INPUT);
        (p.value, p.confidence) = (int128(int256(dice) >> 128), uint32(dice % 1_000_001));
        if (kind == 4) p.modelId = OTHER;
        else if (kind == 5) p.inputHash = bytes32(dice);
        else if (kind == 6) p.predictedAt = uint40(block.timestamp + 1);
        else if (kind == 7) p.confidence = 1_000_001;
    }

    function effectsOf(Prediction[] memory said, bool[] memory made) private returns (Effects memory effects) {
        effects.made = made;
        effects.decisions = new Decision[](said.length);
        for (uint256 i = 0; i < said.length; ++i) {
            effects.decisions[i] = oracle.decisionOf(said[i].modelId, said[i].subject);
        }
        effects.credit = oracle.creditOf(operator);
        effects.logs = keccak256(abi.encode(vm.getRecordedLogs()));
    }

    function effectsIn(bytes memory undone) private pure returns (Effects memory) {
        equal(uint256(uint32(bytes4(undone))), uint256(uint32(Undone.selector)), "undone as it should");
        assembly ("memory-safe") {
            let length := sub(mload(undone), 4)
            undone := add(undone, 4)
            mstore(undone, length)
        }
        return abi.decode(undone, (Effects));
    }
}
