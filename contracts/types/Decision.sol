// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What became of the call to the requester.
/// @dev None: no callback was asked for. Delivered is written before the call, so that nothing can deliver twice.
enum CallbackStatus {
    None,
    Delivered,
    Failed
}

/// @notice The stored outcome about one subject; all zero (verdict `Verdicts.NONE`) while there is none.
/// @param value The prediction's value.
/// @param confidence The prediction's confidence in parts per million; 0 means not stated.
/// @param decidedAt The time of the block that decided.
/// @param verdict One of `Verdicts`: what the model's policy made of the prediction.
/// @param trustLevel How the prediction was vouched for: 1 one signer, 2 quorum, 3 sealed quorum or bond, 4 proven.
/// @param callback What became of the call to the requester.
struct Decision {
    int128 value;
    uint32 confidence;
    uint40 decidedAt;
    uint8 verdict;
    uint8 trustLevel;
    CallbackStatus callback;
}
