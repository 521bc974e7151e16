"""Makes the film of the README: the same network on the same circles, without an activation and with ReLU.

python docs/make_film.py         writes docs/figures/film.gif; takes some seconds
"""

import os
from pathlib import Path

import torch
from film import save_film
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import Recorder, fit

SEED = 42  # of data, split and weights, as in lesson 03
EPOCHS = 1500


def main() -> None:
    """Train both networks as lesson 03 does, and film them."""
    torch.set_num_threads(1)
    os.environ["OUTPUT_DIR"] = str(Path(__file__).resolve().parent / "figures")
    X, y = make_circles(1000, noise=0.03, random_state=SEED)
    X, y = torch.from_numpy(X).float(), torch.from_numpy(y).float()
    data = train_test_split(X, y, test_size=0.2, random_state=SEED)
    X_train, X_test, y_train, y_test = data
    runs = {}
    for name, activation in (("without activation", nn.Identity), ("with ReLU", nn.ReLU)):
        torch.manual_seed(SEED)
        model = nn.Sequential(
            nn.Linear(2, 10), activation(), nn.Linear(10, 10), activation(), nn.Linear(10, 1)
        )
        recorder = Recorder(model, EPOCHS)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        loss_fn = nn.BCEWithLogitsLoss()
        history = fit(
            model, X_train, X_test, y_train, y_test, loss_fn, optimizer, EPOCHS, recorder=recorder
        )
        runs[name] = recorder, history
    save_film("film.gif", data, runs, references={"chance": 50, "best line": 60.2})


if __name__ == "__main__":
    main()
