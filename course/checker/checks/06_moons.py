"""Check of exercise 06: the score on fresh points, and the log."""

import re
import sys
from contextlib import redirect_stdout
from itertools import pairwise

import torch
from sklearn.datasets import make_moons

from course.checker.comparing import wrong
from course.checker.scoring import train_and_score

HINTS = (
    (
        "Start from the network of lesson 03: nn.Sequential with two hidden layers of 16 or more "
        "and nn.ReLU() between."
    ),
    (
        "One logit per row: nn.BCEWithLogitsLoss()(model(X).squeeze(1), y.float()). Adam(lr=0.02) "
        "needs 150 epochs."
    ),
    (
        'Inside the loop: if epoch % 10 == 0: print(f"Epoch {epoch} | Loss: {loss:.5f}"). At the '
        "end: return model."
    ),
)
WHY = """ReLU units bend the straight line into one that follows the moons. The score on points
    that were drawn after training is the one that counts: it cannot be learned by heart."""
ACCEPT = 95.5


def make(count, seed):
    """Draw moons."""
    X, y = make_moons(count, noise=0.1, random_state=seed)
    return torch.from_numpy(X).float(), torch.from_numpy(y)


def check(code):
    """Train twice, then look at what was printed."""
    printed = Printed(sys.stdout)
    with redirect_stdout(printed):
        measured = train_and_score(code, make, 2, ACCEPT)
    epochs = re.findall(r"(?i)epoch\W*(\d+)", "".join(printed.texts))
    steps = [int(after) - int(before) for before, after in pairwise(epochs)]
    forward = [step for step in steps if step > 0]  # a new training begins at a lower epoch
    tens = forward.count(10)
    if tens < 3 or tens < 0.8 * len(forward):
        got = "no line that print() wrote, with 'Epoch' and a number"
        if epochs:
            got = f"epochs {', '.join(epochs[:12])}"
        raise wrong(
            "log",
            "The log does not have a line every 10 epochs.",
            got=got,
            expected="Epoch 0, 10, 20, ... (or 10, 20, ...)",
            cause='if epoch % 10 == 0: print(f"Epoch {epoch} ...")',
        )
    return measured


class Printed:
    """A stream that keeps what is printed, and passes it on."""

    def __init__(self, stream):
        self.texts = []
        self._stream = stream

    def write(self, text):
        """Keep and pass on."""
        self.texts.append(text)
        return self._stream.write(text)

    def __getattr__(self, name):
        return getattr(self._stream, name)
