"""A committee off chain: members compute for themselves and vote; one of them collects."""
