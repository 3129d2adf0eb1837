"""Names that Solidity takes, made of a card's free texts, and texts that its comments take."""

from __future__ import annotations

import re

RESERVED = frozenset(
    """
    abstract address after alias anonymous apply as assembly at auto bool break byte bytes calldata
    case catch constant constructor continue copyof default define delete do else emit enum error
    event external fallback false final fixed for from function if immutable implements import in
    indexed inline interface internal is layout leave let library macro mapping match memory
    modifier mutable new null of override payable partial pragma private promise public pure receive
    reference relocatable require return returns revert sealed sizeof static storage string struct
    super supports switch this throw transient true try type typedef typeof ufixed unchecked unicode
    using var view virtual while wei gwei ether seconds minutes hours days weeks years now block msg
    tx abi assert keccak256 sha256 ecrecover selfdestruct gasleft blockhash
    """.split()  # noqa: SIM905 - a list of 130 quoted words reads worse
)
_TYPE = re.compile(r"(u?int|bytes)[0-9]*")


class Names:
    """Names of one scope: each is given once, a second one like it gets a number.

    Args:
        taken: names that the scope has already.
    """

    def __init__(self, *taken: str) -> None:
        self._taken = set(taken)

    def member(self, text: str) -> str:
        """A variable's or field's name, as close to the text as Solidity allows."""
        name = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_") or "feature"
        if name[0].isdigit():
            name = "_" + name
        if name in RESERVED or _TYPE.fullmatch(name):
            name += "_"
        return self._only(name)

    def kind(self, text: str) -> str:
        """A type's or enum member's name, such as ``PartTime`` of ``part-time``."""
        words = re.split(r"[^A-Za-z0-9]+", text)
        name = "".join(word[:1].upper() + word[1:] for word in words) or "Other"
        return self._only("_" + name if name[0].isdigit() else name)

    def _only(self, name: str) -> str:
        found, number = name, 2
        while found in self._taken:
            found, number = f"{name}{number}", number + 1
        self._taken.add(found)
        return found


def comment(text: str) -> str:
    """A text as one line of a NatSpec comment: no other line, no tag, no writing direction."""
    plain = "".join(each if each.isprintable() else " " for each in text.replace("@", "(at)"))
    return " ".join(plain.split())
