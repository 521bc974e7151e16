"""Exercise 09: Spirals

Task: Write train(X, y). X [1000, 2] is float32, the points of a spiral with three arms;
    y [1000] is int64, 0, 1 or 2. The rows are sorted by class: first all points of
    class 0, then those of class 1, then those of class 2. Build a model, train it, and
    return it. It turns X [N, 2] into logits [N, 3].
Target: Right on 95 % of 3000 points that it has never seen. It is also trained with the
    labels renamed.
Minutes: 25
Lesson: 04
Check: python exercises/09_spirals.py
"""

if __name__ == "__main__":
    import checker  # checks this file in another process, and ends this one

import torch
from torch import nn


def train(X, y):
    """Return a trained model."""
    # -- solution
    model = nn.Sequential(
        nn.Linear(2, 64),
        nn.ReLU(),
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Linear(64, 3),
    )
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(200):
        logits = model(X)  # all rows at once, so their order does not matter
        loss = loss_fn(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model
    # -- starter
    # # TODO: three classes need three outputs and another loss than two classes
    # raise NotImplementedError
    # -- end
