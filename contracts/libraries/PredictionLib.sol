// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Prediction} from "../types/Prediction.sol";

/// @title PredictionLib
/// @notice The EIP-712 struct hash of a prediction.
/// @dev https://eips.ethereum.org/EIPS/eip-712; `tests/vectors/prediction.json` holds Solidity and Python to it.
library PredictionLib {
    /// @notice The EIP-712 type hash of `Prediction`.
    bytes32 internal constant TYPEHASH = keccak256(
        "Prediction(bytes32 modelId,bytes32 subject,bytes32 inputHash,bytes32 outputHash,"
        "int128 value,uint32 confidence,uint40 predictedAt)"
    );

    /// @notice `hashStruct` of a prediction.
    function structHash(Prediction calldata prediction) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    TYPEHASH,
                    prediction.modelId,
                    prediction.subject,
                    prediction.inputHash,
                    prediction.outputHash,
                    prediction.value,
                    prediction.confidence,
                    prediction.predictedAt
                )
            );
    }
}
