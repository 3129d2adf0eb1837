"""One node from Python: ask, list, and check; ``from oracle import Client``."""

from oracle.client.answers import Decision, Model, Prediction
from oracle.client.client import Client

__all__ = ["Client", "Decision", "Model", "Prediction"]
