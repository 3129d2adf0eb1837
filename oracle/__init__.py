"""A self-hosted oracle: ONNX predictions, committed on chain, turned into decisions."""
