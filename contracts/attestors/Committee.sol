// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IAttestor} from "../interfaces/IAttestor.sol";
import {ICommittee} from "../interfaces/ICommittee.sol";
import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
import {IFeeSharer} from "../interfaces/IFeeSharer.sol";
import {MembersInCode} from "./MembersInCode.sol";

/// @title Committee
/// @notice See `ICommittee`.
/// @dev Fees come to rest at the decision contract, as the attestor's credit there; `_collect` fetches them when they
/// are divided among members. The balance decides nothing, so ether forced upon this contract changes nothing.
abstract contract Committee is MembersInCode, ERC165 {
    /// @inheritdoc ICommittee
    IDecisionContract public immutable decisionContract;
    /// @inheritdoc ICommittee
    uint8 public immutable threshold;

    mapping(address account => uint256 credit) private _credits;

    modifier onlyDecisionContract() {
        require(msg.sender == address(decisionContract), NotDecisionContract(msg.sender, address(decisionContract)));
        _;
    }

    /// @dev Fixes whom it vouches to, who its members are, and how many must agree.
    constructor(
        IDecisionContract decisionContract_,
        address[] memory members_,
        uint8 threshold_
    ) MembersInCode(members_) {
        require(address(decisionContract_) != address(0), DecisionContractZero());
        require(threshold_ != 0 && threshold_ <= members_.length, ThresholdOutOfRange(threshold_, members_.length));
        decisionContract = decisionContract_;
        threshold = threshold_;
    }

    /// @notice Takes the fees that were earned at the decision contract.
    receive() external payable onlyDecisionContract {}

    /// @inheritdoc ICommittee
    function withdraw(address payable to) external {
        uint256 amount = _credits[msg.sender];
        require(amount != 0, NoCredit(msg.sender));

        _credits[msg.sender] = 0;
        emit Withdrawn(msg.sender, to, amount);

        Address.sendValue(to, amount);
    }

    /// @inheritdoc ICommittee
    function creditOf(address account) external view returns (uint256) {
        return _credits[account];
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return
            interfaceId == type(IAttestor).interfaceId ||
            interfaceId == type(IFeeSharer).interfaceId ||
            super.supportsInterface(interfaceId);
    }

    function _credit(address account, uint256 amount) internal {
        unchecked {
            // Every credit is ether, of which there are fewer than 2^96 wei.
            _credits[account] += amount;
        }
    }

    /// @dev Credits each member of a set.
    function _creditEach(uint256 set, uint256 amount) internal {
        for (uint256 index = 0; set >> index != 0; ++index) {
            if ((set >> index) & 1 != 0) _credit(_memberAt(index), amount);
        }
    }

    /// @dev Fetches what was earned at the decision contract, so that credits made of it can be paid out.
    function _collect() internal {
        if (decisionContract.creditOf(address(this)) != 0) decisionContract.withdraw(payable(address(this)));
    }
}
