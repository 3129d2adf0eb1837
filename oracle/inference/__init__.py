"""Running models: ONNX Runtime sessions, the folders they live in, batching, and their checks."""
