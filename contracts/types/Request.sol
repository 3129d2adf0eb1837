// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Where a subject stands. A subject that was never requested goes from None to Decided at once.
enum RequestStatus {
    None,
    Open,
    Decided,
    Refunded
}

/// @notice A request for a decision; once it is decided only `status` is left of it.
/// @param requester Who asked, is called back, and gets the refund.
/// @param callbackGas The exact gas of the callback; 0 asks for none.
/// @param deadline The last second in which it can be answered.
/// @param feeGwei The escrowed fee in gwei.
/// @param status Where the request stands.
struct Request {
    address requester;
    uint24 callbackGas;
    uint40 deadline;
    uint32 feeGwei;
    RequestStatus status;
}
