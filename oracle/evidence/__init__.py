"""What is kept and found by its hash: inputs, models, receipts."""
