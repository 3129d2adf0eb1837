"""Which grape a wine was pressed from: logistic regression on seven laboratory values."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from oracle.core.model_card import ClassHead, OutputSpec
from oracle.core.policy import ClassRule, Policy, Verdict
from oracle.inference.recipe import Figure, Recipe, Table, main, number, rounded

FOLDER = Path(__file__).resolve().parent
LABELS = ("barolo", "grignolino", "barbera")
COLUMNS = (
    "alcohol",
    "malic_acid",
    "flavanoids",
    "color_intensity",
    "hue",
    "od280/od315_of_diluted_wines",
    "proline",
)

FEATURES = (
    number("alcohol", "uint16", "5", "20", "alcohol by volume", decimals=2, unit="%"),
    number("malic_acid", "uint16", "0", "15", "malic acid", decimals=2, unit="g/l"),
    number("flavanoids", "uint16", "0", "15", "flavanoids", decimals=2),
    number("color_intensity", "uint16", "0", "30", "colour intensity", decimals=2),
    number("hue", "uint16", "0", "5", "hue", decimals=2),
    number("od280_od315", "uint16", "0", "10", "OD280/OD315 of diluted wine", decimals=2),
    number("proline", "uint16", "0", "3000", "proline", unit="mg/l"),
)


def table() -> Table:
    bunch = load_wine()
    places = [list(bunch.feature_names).index(column) for column in COLUMNS]
    return Table(rows=bunch.data[:, places], target=bunch.target, names=LABELS)


def fit(rows: NDArray[np.float64], target: NDArray[Any]) -> Pipeline:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, tol=1e-8, max_iter=2000))
    model.fit(rows, target)
    scaler, regression = model[0], model[1]
    scaler.mean_, scaler.scale_ = rounded(scaler.mean_, 6), rounded(scaler.scale_, 6)
    regression.coef_ = rounded(regression.coef_, 5)
    regression.intercept_ = rounded(regression.intercept_, 5)
    return model


def figures(truth: NDArray[Any], raw: NDArray[np.float64], seen: NDArray[Any]) -> list[Figure]:
    raw = raw / raw.sum(axis=1, keepdims=True)
    said = raw.argmax(axis=1)
    shares = np.bincount(seen) / len(seen)
    most = np.full(len(truth), shares.argmax())
    prior = np.tile(shares, (len(truth), 1))
    return [
        Figure(
            name="accuracy",
            ours=f"{accuracy_score(truth, said):.3f}",
            baseline=f"{accuracy_score(truth, most):.3f} (always grignolino)",
        ),
        Figure(
            name="macro F1",
            ours=f"{f1_score(truth, said, average='macro'):.3f}",
            baseline=f"{f1_score(truth, most, average='macro'):.3f}",
        ),
        Figure(
            name="log loss, lower is better",
            ours=f"{log_loss(truth, raw):.3f}",
            baseline=f"{log_loss(truth, prior):.3f} (the shares in training)",
        ),
    ]


RECIPE = Recipe(
    folder=FOLDER,
    title="Wine origin",
    description="Which of three cultivars a wine was pressed from.",
    features=FEATURES,
    table=table,
    fit=fit,
    output=OutputSpec(name="probabilities", dtype="float32", shape=(None, 3), decimals=3),
    head=ClassHead(
        output="probabilities", labels=LABELS, ambiguous=Decimal("0.010"), scores="probability"
    ),
    figures=figures,
    policy=Policy(
        rule=ClassRule(
            verdicts=(Verdict.ACCEPT, Verdict.REJECT, Verdict.REJECT), min_confidence=800_000
        ),
        fee_gwei=20_000,
        max_age_seconds=604_800,
        meaning={
            "ACCEPT": "barolo with 80 % or more: the lot is what its papers say, pay the supplier",
            "REJECT": "another grape with 80 % or more: the lot goes back",
            "REVIEW": "less than 80 % sure: a second laboratory is asked",
        },
    ),
    source=(
        "Wine, Aeberhard and Forina, UCI Machine Learning Repository, 178 wines of one Italian "
        "region, as shipped in scikit-learn (load_wine); its three classes are known as Barolo, "
        "Grignolino and Barbera"
    ),
    licence="CC BY 4.0",
    about=(
        "Logistic regression on seven laboratory values says which of three cultivars a wine was "
        "pressed from: a check of a lot's papers before a supplier is paid. The value on chain is "
        "the label's index: 0 barolo, 1 grignolino, 2 barbera."
    ),
    limits=(
        "178 wines, one region, one laboratory: other wines get one of the three names all the "
        "same.\n"
        "Held-out figures rest on 45 wines; one more error is two per cent.\n"
        "It checks chemistry, not bottles: who drew the sample matters more than the model."
    ),
)

if __name__ == "__main__":
    main(RECIPE)
