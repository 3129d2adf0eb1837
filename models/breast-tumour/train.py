"""Malignant or benign: logistic regression on eight measurements of cell nuclei."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, recall_score, roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from oracle.core.model_card import ClassHead, OutputSpec
from oracle.core.policy import ClassRule, Policy, Verdict
from oracle.inference.recipe import Figure, Recipe, Table, main, number, rounded

FOLDER = Path(__file__).resolve().parent
LABELS = ("malignant", "benign")
COLUMNS = (
    "worst radius",
    "worst texture",
    "worst perimeter",
    "worst smoothness",
    "worst compactness",
    "worst concavity",
    "worst concave points",
    "worst symmetry",
)

FEATURES = (
    number("radius", "uint16", "0", "60", "mean of the three largest radii", decimals=3),
    number("texture", "uint16", "0", "65", "largest deviation of grey values", decimals=3),
    number("perimeter", "uint32", "0", "400", "largest perimeters", decimals=3),
    number("smoothness", "uint16", "0", "1", "variation of the radius", decimals=4),
    number("compactness", "uint16", "0", "3", "perimeter² / area − 1", decimals=4),
    number("concavity", "uint16", "0", "3", "depth of concave parts", decimals=4),
    number("concave_points", "uint16", "0", "1", "number of concave parts", decimals=4),
    number("symmetry", "uint16", "0", "2", "asymmetry of the outline", decimals=4),
)


def table() -> Table:
    bunch = load_breast_cancer()
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
    said = raw.argmax(axis=1)
    sure = raw.max(axis=1) >= 0.9
    most = np.full(len(truth), np.bincount(seen).argmax())
    return [
        Figure(name="AUC", ours=f"{roc_auc_score(truth, raw[:, 1]):.3f}", baseline="0.500"),
        Figure(
            name="accuracy",
            ours=f"{accuracy_score(truth, said):.3f}",
            baseline=f"{accuracy_score(truth, most):.3f} (all are benign)",
        ),
        Figure(
            name="malignant tumours recognised",
            ours=f"{recall_score(truth, said, pos_label=0):.3f}",
            baseline="0.000",
        ),
        Figure(
            name="accuracy where it is at least 90 % sure",
            ours=f"{accuracy_score(truth[sure], said[sure]):.3f} of {sure.mean():.0%} of the cases",
            baseline="none is sent to review",
        ),
    ]


RECIPE = Recipe(
    folder=FOLDER,
    title="Breast tumour",
    description="Whether a breast tumour is malignant, from a fine needle aspirate.",
    features=FEATURES,
    table=table,
    fit=fit,
    output=OutputSpec(name="probabilities", dtype="float32", shape=(None, 2), decimals=3),
    head=ClassHead(
        output="probabilities", labels=LABELS, ambiguous=Decimal("0.010"), scores="probability"
    ),
    figures=figures,
    policy=Policy(
        rule=ClassRule(verdicts=(Verdict.ACCEPT, Verdict.REJECT), min_confidence=900_000),
        fee_gwei=100_000,
        max_age_seconds=86_400,
        meaning={
            "ACCEPT": "malignant with 90 % or more: refer to a specialist at once",
            "REJECT": "benign with 90 % or more: routine follow-up, no claim is opened",
            "REVIEW": "less than 90 % sure: a pathologist looks at the sample",
        },
    ),
    source=(
        "Breast Cancer Wisconsin (Diagnostic), Wolberg, Street and Mangasarian, UCI Machine "
        "Learning Repository, 569 samples, as shipped in scikit-learn (load_breast_cancer)"
    ),
    licence="CC BY 4.0",
    about=(
        "Logistic regression on eight measurements of cell nuclei says whether a breast tumour is "
        "malignant or benign. The value on chain is the label's index: 0 malignant, 1 benign."
    ),
    limits=(
        "One hospital, 569 samples, 1990s: not a medical device, and no ground for treating or not "
        "treating anyone.\n"
        "A missed malignant tumour costs far more than a second look; whoever uses it should raise "
        "the confidence that REVIEW asks for.\n"
        "Measurements of a person must not be sent on chain in the clear: send their hash "
        "(requestDecisionByHash)."
    ),
)

if __name__ == "__main__":
    main(RECIPE)
