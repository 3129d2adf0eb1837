"""Which EVM rules a contract's code needs, read from its instructions.

Code compiled for newer rules often uses none of their instructions; what it uses decides whether a
chain with older rules can run it.
"""

from __future__ import annotations

from oracle.core.errors import ConfigError

EVM_VERSIONS = ("london", "paris", "shanghai", "cancun", "prague", "osaka")
"""Rules by the compiler's names, oldest first."""

_SINCE = {
    0x5F: "shanghai",  # PUSH0, EIP-3855
    0x49: "cancun",  # BLOBHASH, EIP-4844
    0x4A: "cancun",  # BLOBBASEFEE, EIP-7516
    0x5C: "cancun",  # TLOAD, EIP-1153
    0x5D: "cancun",  # TSTORE, EIP-1153
    0x5E: "cancun",  # MCOPY, EIP-5656
    0x1E: "osaka",  # CLZ, EIP-7939
}
_PUSH1, _PUSH32, _INVALID = 0x60, 0x7F, 0xFE


def needed_rules(code: bytes) -> str:
    """The oldest of ``EVM_VERSIONS`` that has every instruction of this deployed code."""
    needed = 0
    position = 0
    while position < len(code):
        instruction = code[position]
        if instruction == _INVALID:  # what follows is the compiler's constants
            break
        if instruction in _SINCE:
            needed = max(needed, EVM_VERSIONS.index(_SINCE[instruction]))
        if _PUSH1 <= instruction <= _PUSH32:
            position += instruction - _PUSH1 + 1
        position += 1
    return EVM_VERSIONS[needed]


def require_rules(name: str, code: bytes, offered: str) -> None:
    """Refuse code with instructions that a chain does not have.

    Args:
        name: the contract's, for the message.
        code: deployed code.
        offered: the chain's rules, one of ``EVM_VERSIONS``.

    Raises:
        ConfigError: it needs newer rules.
    """
    needed = needed_rules(code)
    if EVM_VERSIONS.index(needed) > EVM_VERSIONS.index(offered):
        raise ConfigError(
            f"{name} has instructions of the {needed} rules, the chain has {offered}'s",
            remedy=f'set "evmVersion": "{offered}" in contracts/compiler.json and compile',
        )
