"""A prediction as columns of a row, in every table that has one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from oracle.core.prediction import Prediction


def prediction_of(row: Row[Any]) -> Prediction:
    """The prediction of a row that has all seven columns."""
    return Prediction(
        model_id=row.model_id,
        subject=row.subject,
        input_hash=row.input_hash,
        output_hash=row.output_hash,
        value=int(row.value),
        confidence=row.confidence,
        predicted_at=row.predicted_at,
    )


def columns_of(said: Prediction) -> dict[str, Any]:
    """The seven columns; ``value`` as text, since an int128 is wider than SQL's integers."""
    return {
        "model_id": said.model_id,
        "subject": said.subject,
        "input_hash": said.input_hash,
        "output_hash": said.output_hash,
        "value": str(said.value),
        "confidence": said.confidence,
        "predicted_at": said.predicted_at,
    }
