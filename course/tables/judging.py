"""The test: the network beside logistic regression and the most frequent class."""

from dataclasses import dataclass

import numpy as np

from course.measures import wilson_interval
from course.tables.learning import Data, Trained, probabilities

NETWORK = "network"
LOGISTIC = "logistic regression"
FREQUENT = "most frequent class"


@dataclass(frozen=True)
class Score:
    """How one model did on the test set."""

    name: str
    preds: np.ndarray  # a label per row, [N]
    right: int
    acc: float  # percent
    low: float  # the ends of the 95 % interval, in percent
    high: float


@dataclass(frozen=True)
class Verdict:
    """The scores of all models on the same rows, and the two best ones compared row by row."""

    y: np.ndarray  # the true labels, [N]
    scores: dict[str, Score]
    only_network_right: int
    only_logistic_right: int


def judge(data: Data, trained: Trained) -> Verdict:
    """Test the network and its yardsticks, once."""
    from sklearn.linear_model import LogisticRegression

    X_train = data.train.X.cpu().numpy()
    X_test = data.test.X.cpu().numpy()
    y_train = data.train.y.cpu().numpy()
    y_test = data.test.y.cpu().numpy()

    logistic = LogisticRegression(max_iter=1000)
    logistic.fit(X_train, y_train)
    most_frequent = np.bincount(y_train).argmax()
    guesses = {
        NETWORK: probabilities(trained.model, data.test.X).argmax(axis=1),
        LOGISTIC: logistic.predict(X_test),
        FREQUENT: np.full_like(y_test, most_frequent),
    }
    scores = {}
    for name, preds in guesses.items():
        scores[name] = score(name, preds, y_test)
    network_right = guesses[NETWORK] == y_test
    logistic_right = guesses[LOGISTIC] == y_test
    return Verdict(
        y=y_test,
        scores=scores,
        only_network_right=int((network_right & ~logistic_right).sum()),
        only_logistic_right=int((logistic_right & ~network_right).sum()),
    )


def score(name: str, preds: np.ndarray, y: np.ndarray) -> Score:
    """Return how many predictions equal their label, in percent, with a 95 % interval.

    >>> perfect = score("network", np.array([0, 1, 1]), np.array([0, 1, 1]))
    >>> perfect.acc, perfect.high
    (100.0, 100.0)
    """
    right = int((preds == y).sum())
    acc = 100 * right / len(y)
    low, high = wilson_interval(right, len(y))
    return Score(name, preds, right, acc, low, high)
