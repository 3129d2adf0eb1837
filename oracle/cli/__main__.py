"""``python -m oracle.cli``: the same as ``oracle``."""

from __future__ import annotations

from oracle.cli.main import main

main()
