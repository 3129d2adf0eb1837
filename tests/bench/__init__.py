"""``make bench``: every figure that is promised, measured here, into ``docs/benchmarks.md``."""
