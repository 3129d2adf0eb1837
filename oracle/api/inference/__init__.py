"""The Open Inference Protocol: one layer without transport, HTTP and gRPC over it."""
