"""Solution of exercise 04: A model of given sizes."""

from torch import nn


class Classifier(nn.Module):
    """Linear layers with ReLU between them."""

    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        layers = []
        for size in hidden:
            layers += [nn.Linear(in_features, size), nn.ReLU()]
            in_features = size
        self.layers = nn.Sequential(*layers, nn.Linear(in_features, out_features))

    def forward(self, X):
        """Turn X [N, in_features] into logits [N, out_features]."""
        return self.layers(X)
