"""The chain's own branches of the error tree.

ChainError
├── Transient
│   └── BlockUnknown     no endpoint knows the block: lagging, or it left the chain
├── FinalityBroken       a block below finality was replaced
├── MethodMissing        no endpoint offers the JSON-RPC method
└── RangeRefused         an endpoint refuses the range of a log query
ConfigError
└── ChainReplaced        the same URL now serves another chain
"""

from __future__ import annotations

from oracle.core.errors import ChainError, ConfigError, Transient


class BlockUnknown(Transient):
    """No endpoint knows the block: every one of them lags, or the block left the chain."""


class FinalityBroken(ChainError):
    """A block that counted as final was replaced; nothing may be answered on this chain."""


class MethodMissing(ChainError):
    """No endpoint offers the JSON-RPC method."""


class RangeRefused(ChainError):
    """An endpoint refuses a log query as too wide or too large; ask for fewer blocks."""


class ChainReplaced(ConfigError):
    """The endpoint serves another chain than the one recorded: a local chain was restarted."""
