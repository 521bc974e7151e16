"""Check of exercise 06: the score on fresh points, and the log."""

import re
import sys
from itertools import pairwise

import torch
from sklearn.datasets import make_moons

from course.checker.comparing import Wrong
from course.checker.scoring import train_and_score

HINTS = (
    "Start from the network of lesson 03: nn.Sequential with two hidden layers of 16 or more and nn.ReLU() between.",
    "One logit a row: nn.BCEWithLogitsLoss()(model(X).squeeze(1), y.float()). Adam(lr=0.02) needs 150 epochs.",
    'Inside the loop: if epoch % 10 == 0: print(f"Epoch {epoch} | Loss: {loss:.5f}"). At the end: return model.',
)
WHY = """ReLU units bend the straight line into one that follows the moons. The score on points that were drawn
    after training is the one that counts: it cannot be learned by heart."""
ACCEPT = 95.5


def make(count, seed):
    """Draw moons."""
    X, y = make_moons(count, noise=0.1, random_state=seed)
    return torch.from_numpy(X).float(), torch.from_numpy(y)


def check(code):
    """Train twice, then look at what was printed."""
    with Printed() as printed:
        measured = train_and_score(code, make, 2, ACCEPT)
    epochs = [int(n) for n in re.findall(r"(?i)epoch\W*(\d+)", "".join(printed.text))]
    steps = [after - before for before, after in pairwise(epochs) if after > before]
    if steps.count(10) < 3 or steps.count(10) < 0.8 * len(steps):
        text = "The log is not a line every 10 epochs."
        got = (
            f"epochs {', '.join(map(str, epochs[:12]))}"
            if epochs
            else "no line that print() wrote, with 'Epoch' and a number"
        )
        cause = 'if epoch % 10 == 0: print(f"Epoch {epoch} ...")'
        raise Wrong(
            "log", text, got=got, expected="Epoch 0, 10, 20, ... (or 10, 20, ...)", cause=cause
        )
    return measured


class Printed:
    """Keeps what is printed while it is entered, and passes it on."""

    def __enter__(self):
        self.text, self._stream, sys.stdout = [], sys.stdout, self
        return self

    def __exit__(self, *_):
        sys.stdout = self._stream

    def write(self, text):
        """Keep and pass on."""
        self.text.append(text)
        return self._stream.write(text)

    def __getattr__(self, name):
        return getattr(self._stream, name)
