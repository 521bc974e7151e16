"""Solution of exercise 13: Five bugs."""

import torch
from torch import nn


class Model(nn.Module):
    """A network with dropout for three classes."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 3))  # 1: no softmax

    def forward(self, X):
        """Turn X [N, 2] into logits [N, 3]."""
        return self.layers(X)


def train(X, y, epochs=150):
    """Return a model trained on X [N, 2] and y [N]."""
    model = Model()
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)  # 2: of this model
    model.train()
    for _ in range(epochs):
        logits = model(X)
        loss = loss_fn(logits, y)
        optimizer.zero_grad()  # 3: was missing
        loss.backward()
        optimizer.step()
    return model


def evaluate(model, X, y):
    """Return the accuracy in percent."""
    model.eval()  # 4: dropout at rest, no gradients
    with torch.inference_mode():
        preds = model(X).argmax(dim=1)  # 5: [N], as y
    return (preds == y).sum().item() / len(y) * 100
