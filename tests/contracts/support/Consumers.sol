// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice See `contracts/mocks/GasConsumer.sol`.
interface IGasConsumer {
    enum Mode {
        Measure,
        Burn,
        ReturnBomb,
        RevertBomb
    }

    function gasAtEntry() external view returns (uint256);
    function lastMessage() external view returns (bytes32);
    function ask(
        address oracle,
        bytes32 modelId,
        bytes calldata input,
        uint24 callbackGas,
        uint40 deadline
    ) external payable returns (bytes32);
}

/// @notice See `contracts/mocks/ReentrantConsumer.sol`.
interface IReentrantConsumer {
    function callbacks() external view returns (uint256);
    function prepare(address target, uint256 value, bytes calldata message) external payable;
    function execute(address target, bytes calldata message) external payable returns (bytes memory);
    function outcomeCount() external view returns (uint256);
    function outcome(uint256 index) external view returns (bool success, bytes memory answer);
}

/// @notice See `contracts/mocks/RevertingConsumer.sol`.
interface IRevertingConsumer {
    function setMended(bool mended) external;
    function deliveries(bytes32 requestId) external view returns (uint256);
    function ask(
        bytes32 modelId,
        bytes calldata input,
        uint24 callbackGas,
        uint40 deadline
    ) external payable returns (bytes32);
}
