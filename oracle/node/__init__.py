"""The service: follow the chain, answer requests, vouch for predictions, submit them."""
