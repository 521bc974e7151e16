"""Exercise 13: Five bugs

Task: This script runs without an error, but five mistakes hide in it. Find and fix
    them. train(X, y) trains a model on three classes and returns it; evaluate(model, X,
    y) returns the accuracy in percent as a Python float and leaves no trace: it works
    without gradients and with dropout at rest. Keep names, arguments, layers and the
    number of epochs.
Target: None of the five mistakes is left, and the model learns.
Minutes: 30
Lesson: 14
Check: python exercises/13_five_bugs.py
"""

if __name__ == "__main__":
    import checker  # checks this file in another process, and ends this one

import torch
from torch import nn


class Model(nn.Module):
    """A network with dropout for three classes."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2, 32),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(32, 3),
            nn.Softmax(dim=1),
        )

    def forward(self, X):
        """Turn X [N, 2] into logits [N, 3]."""
        return self.layers(X)


def train(X, y, epochs=150):
    """Return a model trained on X [N, 2] and y [N]."""
    model = Model()
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(Model().parameters(), lr=0.02)
    model.train()
    for _ in range(epochs):
        logits = model(X)
        loss = loss_fn(logits, y)
        loss.backward()
        optimizer.step()
    return model


def evaluate(model, X, y):
    """Return the accuracy in percent."""
    preds = model(X).argmax(dim=1, keepdim=True)  # [N, 1]
    correct = (preds == y).sum().item()
    return correct / len(y) * 100
