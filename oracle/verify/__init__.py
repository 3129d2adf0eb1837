"""Checking receipts, for anyone: ``verify`` returns a report or raises ``VerificationError``.

receipt = parse_receipt(Path("receipt.json").read_bytes())
verify_offline(receipt, {"model.onnx": Path("model.onnx").read_bytes()})
"""

from oracle.core.errors import VerificationError
from oracle.core.receipt_reader import parse_receipt
from oracle.verify.report import Check, Report
from oracle.verify.verifier import verify, verify_offline

__all__ = ["Check", "Report", "VerificationError", "parse_receipt", "verify", "verify_offline"]
