// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionFeed} from "../../contracts/interfaces/IDecisionFeed.sol";
import {IDecisionGateway} from "../../contracts/interfaces/IDecisionGateway.sol";
import {ModelConfig} from "../../contracts/types/Model.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {Stage} from "./support/Stage.sol";

interface ISlotConsumer {
    function ask(
        bytes32 modelId,
        bytes calldata input,
        uint24 callbackGas,
        uint40 deadline
    ) external payable returns (bytes32);
    function verdictOf(bytes32 requestId) external view returns (uint8);
}

/// @title GasTest
/// @notice The published figures, pinned to the gas: whole transactions, as a receipt gives them, on the Prague
/// hardfork, in the steady state (a requester's second request, an attestor's second fee). A zero byte more or less in
/// the calldata moves a figure by 12.
/// @dev They change with a contract or a compiler setting: update them wherever they are published.
contract GasTest is Stage {
    bytes32 private constant BUSY = bytes32(
        uint256(0x1111111111111111111111111111111111111111111111111111111111111111)
    );
    bytes private constant FEATURES = hex"11223344556677889911223344556677";
    uint24 private constant CALLBACK_GAS = 60_000;
    uint256 private constant TOGETHER = 25;

    /// @dev Shown with `npx hardhat test solidity tests/contracts/Gas.t.sol -vvvv`.
    event Figure(string what, uint256 gas, uint256 limit);

    uint256 private spent;

    /// hardhat-config: default.isolate = true
    function test_gas_makeDecision_NewSubject() external {
        register(BUSY, config(operator));
        vm.prank(operator);
        oracle.makeDecision(prediction(keccak256("loan 7")));
        costs("makeDecision, new subject", 56_471, 58_000);
    }

    /// hardhat-config: default.isolate = true
    function test_gas_request_ByAnAccount() external {
        register(BUSY, config(operator));
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(requester);
            oracle.requestDecision{value: FEE}(BUSY, FEATURES, 0, soon());
        }
        costs("request by an account, 4 features, not its first", 56_962, 57_000);
    }

    /// hardhat-config: default.isolate = true
    function test_gas_answerAndCallback_WithoutTheConsumersOwn() external {
        register(BUSY, config(operator));
        // A consumer of one STOP: it costs nothing of its own.
        vm.etch(requester, hex"00");
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(requester);
            bytes32 id = oracle.requestDecision{value: FEE}(BUSY, FEATURES, CALLBACK_GAS, soon());
            vm.prank(operator);
            oracle.makeDecision(prediction(id));
        }
        costs("answer and callback, without the consumer's own gas", 48_056, 52_000);
    }

    /// hardhat-config: default.isolate = true
    function test_gas_answer_Of25InOneTransaction() external {
        register(BUSY, config(operator));
        Prediction[] memory said = new Prediction[](TOGETHER);
        for (uint256 i = 0; i <= TOGETHER; ++i) {
            vm.prank(requester);
            Prediction memory p = prediction(oracle.requestDecision{value: FEE}(BUSY, FEATURES, 0, soon()));
            if (i == TOGETHER) answer(p);
            else said[i] = p;
        }
        vm.prank(operator);
        bool[] memory made = oracle.makeDecisions(said, 150_000);
        for (uint256 i = 0; i < TOGETHER; ++i) isTrue(made[i], "made");
        spent = (vm.lastCallGas().gasTotalUsed + TOGETHER - 1) / TOGETHER;
        costs("an answer of 25 in one transaction", 15_940, 30_000);
    }

    /// hardhat-config: default.isolate = true
    function test_gas_roundTrip() external {
        roundTrip(FEE);
        costs("round trip from a consumer contract, fee paid", 137_989, 138_000);
    }

    /// hardhat-config: default.isolate = true
    function test_gas_roundTrip_OfAModelWithoutFee() external {
        roundTrip(0);
        costs("round trip from a consumer contract, no fee", 126_207, 138_000);
    }

    /// hardhat-config: default.isolate = true
    function test_gas_feed_Read_TheRoundThatWasNoted() external {
        openFeed(3, 3).latestRoundData();
        costs("latestRoundData, the round noted", 15_740, 16_000);
    }

    /// hardhat-config: default.isolate = true
    function test_gas_feed_Read_ThreeRoundsFurther() external {
        openFeed(6, 3).latestRoundData();
        costs("latestRoundData, three rounds not noted", 32_136, 33_000);
    }

    /// hardhat-config: default.isolate = true
    function test_gas_feed_NoteARound() external {
        openFeed(3, 2).advance(1);
        costs("advance by one round", 41_751, 42_000);
    }

    /// hardhat-config: default.isolate = true
    function test_gas_gateway_Publish() external {
        register(BUSY, config(operator));
        IDecisionGateway gateway = IDecisionGateway(
            deploy("contracts/gateway/DecisionGateway.sol:DecisionGateway", abi.encode(oracle))
        );
        (bytes32[] memory models, string[] memory urls) = (new bytes32[](1), new string[](1));
        (models[0], urls[0]) = (BUSY, "https://node.example/ccip/{sender}/{data}");
        vm.prank(owner);
        gateway.publish(models, urls);
        costs("publish where one model's reads are served", 130_871, 132_000);
    }

    function openFeed(uint80 rounds, uint80 noted) private returns (IDecisionFeed feed) {
        register(BUSY, config(operator));
        bytes memory terms = abi.encode(oracle, BUSY, keccak256("series"), 3, 1 days, 1, "EUR / USD");
        feed = IDecisionFeed(deploy("contracts/feeds/DecisionFeed.sol:DecisionFeed", terms));
        for (uint80 round = 1; round <= rounds; ++round) {
            Prediction memory p = prediction(feed.subjectOf(round));
            vm.prank(operator);
            oracle.makeDecision(p);
        }
        feed.advance(noted);
    }

    /// @dev Twice: the figures are those of the second time.
    function roundTrip(uint256 fee) private {
        ModelConfig memory rules = config(operator);
        rules.feeGwei = uint32(fee / 1 gwei);
        register(BUSY, rules);
        ISlotConsumer consumer = ISlotConsumer(
            deploy("contracts/mocks/SlotConsumer.sol:SlotConsumer", abi.encode(oracle))
        );
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(requester);
            bytes32 id = consumer.ask{value: fee}(BUSY, FEATURES, CALLBACK_GAS, soon());
            spent = vm.lastCallGas().gasTotalUsed;
            vm.prank(operator);
            oracle.makeDecision(prediction(id));
            spent += vm.lastCallGas().gasTotalUsed;
            isTrue(consumer.verdictOf(id) == 2, "delivered");
        }
    }

    function costs(string memory what, uint256 want, uint256 limit) private {
        uint256 got = spent == 0 ? vm.lastCallGas().gasTotalUsed : spent;
        emit Figure(what, got, limit);
        equal(got, want, what);
        isTrue(got <= limit, "within the published limit");
    }

    function prediction(bytes32 subject) private view returns (Prediction memory p) {
        p = predict(subject, FEATURES);
        p.modelId = BUSY;
    }
}
