"""Exercise 04: A model of given sizes

Task: Complete the class Classifier. Classifier(in_features, hidden, out_features) has a
    linear layer for each number in the list `hidden`, a ReLU after each of them, and
    one more linear layer that gives out_features logits, with nothing after it. For
    example, Classifier(2, [16, 8], 3) has linear layers 2-16, 16-8 and 8-3.
Target: The right layers, all of them known to PyTorch, and logits as output.
Minutes: 10
Lesson: 03
Check: python exercises/04_model.py
"""

if __name__ == "__main__":
    import checker  # checks this file in another process, and ends this one

from torch import nn


class Classifier(nn.Module):
    """Linear layers with ReLU between them."""

    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        # -- solution
        layers = []
        for size in hidden:
            layers.append(nn.Linear(in_features, size))
            layers.append(nn.ReLU())
            in_features = size
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)  # PyTorch does not look into a plain list
        # -- starter
        # # TODO: build the layers; `hidden` is a list of whole numbers, of any length
        # raise NotImplementedError
        # -- end

    def forward(self, X):
        """Turn X [N, in_features] into logits [N, out_features]."""
        # -- solution
        return self.layers(X)
        # -- starter
        # # TODO: send X through all layers
        # raise NotImplementedError
        # -- end
