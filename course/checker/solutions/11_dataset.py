"""Solution of exercise 11: A Dataset, and the right mean over batches."""

import torch
from torch.utils.data import Dataset


class Points(Dataset):
    """Rows of features with their labels."""

    def __init__(self, X, y):
        self.X, self.y = X, y

    def __len__(self):
        """Return the number of rows."""
        return len(self.X)

    def __getitem__(self, index):
        """Return features and label of one row."""
        return self.X[index], self.y[index]


def mean_loss(model, loader, loss_fn):
    """Return the mean loss over all rows."""
    model.eval()
    total = count = 0
    with torch.inference_mode():
        for X, y in loader:
            total += loss_fn(model(X), y).item() * len(y)
            count += len(y)
    return total / count
