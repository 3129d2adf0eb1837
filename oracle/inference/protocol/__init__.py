"""The Open Inference Protocol (V2) without any transport: tensors, requests, and their JSON."""
