"""Makes the film of the README: two networks learn the same circles, one with ReLU, one without.

    python tools/make_film.py       writes docs/figures/film.gif; takes some seconds

Data, networks and training are those of lesson 03.
"""

import argparse
import os
import sys
from pathlib import Path

import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from film import save_film  # noqa: E402 - found only now

from helper_functions import Recorder, fit  # noqa: E402

FIGURES = ROOT / "docs" / "figures"
SEED = 42  # of data, split and weights
EPOCHS = 1500
ACTIVATIONS: dict[str, type[nn.Module]] = {"without activation": nn.Identity, "with ReLU": nn.ReLU}


def main(arguments: list[str] | None = None) -> None:
    """Train both networks, and film them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=FIGURES, help="(default: docs/figures)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    os.environ["OUTPUT_DIR"] = str(options.folder)
    X, y = make_circles(1000, noise=0.03, random_state=SEED)
    X = torch.from_numpy(X).float()
    y = torch.from_numpy(y).float()
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=SEED)
    data = (X_train, X_test, y_train, y_test)
    runs = {}
    for name, activation in ACTIVATIONS.items():
        torch.manual_seed(SEED)
        model = nn.Sequential(
            nn.Linear(2, 10),
            activation(),
            nn.Linear(10, 10),
            activation(),
            nn.Linear(10, 1),
        )
        recorder = Recorder(model, EPOCHS)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        loss_fn = nn.BCEWithLogitsLoss()
        history = fit(model, *data, loss_fn, optimizer, EPOCHS, recorder=recorder)
        runs[name] = (recorder, history)
    save_film("film.gif", data, runs, references={"chance": 50, "best line": 60.2})


if __name__ == "__main__":
    main()
