// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttestor} from "./IAttestor.sol";
import {IDecisionContract} from "./IDecisionContract.sol";
import {IFeeSharer} from "./IFeeSharer.sol";

/// @title ICommittee
/// @notice What attestors of several members share: who they are, how many must agree, and what each is owed. All
/// terms are fixed at deployment. Another membership is another attestor behind the registry's delay, so that a change
/// of members never reaches an open request (docs/adr/0008-another-committee-is-another-contract.md).
/// @dev A set of members is a bitmap: bit i, of value 2^i, stands for the member with index i.
interface ICommittee is IAttestor, IFeeSharer {
    /// @notice A credit was paid out, in wei.
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    /// @notice The decision contract is the zero address.
    error DecisionContractZero();
    /// @notice There must be at least one member, and at most `MAX_MEMBERS`.
    error MemberCountOutOfRange(uint256 count, uint256 most);
    /// @notice A member is the zero address.
    error MemberZero(uint256 index);
    /// @notice A member is named twice.
    error MemberTwice(address member, uint256 first, uint256 second);
    /// @notice The threshold must be at least one, and at most the number of members.
    error ThresholdOutOfRange(uint256 threshold, uint256 count);
    /// @notice There is no member with this index.
    error NoSuchMember(uint256 index, uint256 count);
    /// @notice Only the decision contract may call this, or send ether.
    error NotDecisionContract(address caller, address decisionContract);
    /// @notice The account has no credit.
    error NoCredit(address account);

    /// @notice Pays out the caller's whole credit.
    /// @param to Who receives it.
    function withdraw(address payable to) external;

    /// @notice The most members a committee can have.
    /// @return most The number.
    function MAX_MEMBERS() external view returns (uint256 most);

    /// @notice The decision contract that this committee vouches to, and is paid by.
    /// @return decisionContract Its address.
    function decisionContract() external view returns (IDecisionContract decisionContract);

    /// @notice How many members must agree.
    /// @return threshold The number, k of n.
    function threshold() external view returns (uint8 threshold);

    /// @notice How many members there are.
    /// @return count The number, n.
    function memberCount() external view returns (uint8 count);

    /// @notice A member.
    /// @param index Its index, below `memberCount`.
    /// @return member Its address.
    function memberAt(uint256 index) external view returns (address member);

    /// @notice All members, by index.
    /// @return list Their addresses.
    function members() external view returns (address[] memory list);

    /// @notice What an account can withdraw here.
    /// @param account The account.
    /// @return credit The credit in wei.
    function creditOf(address account) external view returns (uint256 credit);
}
