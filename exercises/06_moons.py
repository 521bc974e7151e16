"""Exercise 06: Moons

Task: Write train(X, y). X [1000, 2] is float32, the points of make_moons with noise
    0.1; y [1000] is int64, 0 or 1. The rows are in random order. Build a model, train
    it, print a line "Epoch 10 ..." every 10 epochs, and return the model. It turns X
    [N, 2] into logits: [N] or [N, 1] (class 1 where the logit is at least 0), or
    [N, 2].
Target: Right on 96 % of 3000 points that it has never seen. It is also trained with the
    labels swapped.
Minutes: 25
Lesson: 03
Check: python exercises/06_moons.py
"""

if __name__ == "__main__":
    import checker  # checks this file in another process, and ends this one

import torch
from torch import nn


def train(X, y):
    """Return a trained model."""
    # TODO: a model with a non-linearity, a loss on logits, an optimizer, and the loop
    raise NotImplementedError
