"""Exercise 11: A Dataset, and the right mean over batches

Task: Complete the class Points, a Dataset of features X [N, F] and labels y [N], and
    write mean_loss(model, loader, loss_fn): the mean loss over all rows that the loader
    gives, as a Python float. loss_fn takes (logits, y) and returns the mean over a
    batch; the last batch may be shorter. Evaluate in eval mode and without gradients.
Target: The same mean for every batch size, and the same as on all rows at once.
Minutes: 15
Lesson: 09
Check: python exercises/11_dataset.py
"""

if __name__ == "__main__":
    import checker  # checks this file in another process, and ends this one

import torch
from torch.utils.data import Dataset


class Points(Dataset):
    """Rows of features with their labels."""

    def __init__(self, X, y):
        # -- solution
        self.X = X
        self.y = y
        # -- starter
        # # TODO: keep the features and the labels
        # raise NotImplementedError
        # -- end

    def __len__(self):
        """Return the number of rows."""
        # -- solution
        return len(self.X)
        # -- starter
        # # TODO: count the rows
        # raise NotImplementedError
        # -- end

    def __getitem__(self, index):
        """Return features and label of one row."""
        # -- solution
        return self.X[index], self.y[index]
        # -- starter
        # # TODO: the features first, then the label
        # raise NotImplementedError
        # -- end


def mean_loss(model, loader, loss_fn):
    """Return the mean loss over all rows."""
    # -- solution
    model.eval()
    total = 0.0
    count = 0
    with torch.inference_mode():
        for X, y in loader:
            batch_mean = loss_fn(model(X), y).item()
            total += batch_mean * len(y)  # the sum over the batch
            count += len(y)
    return total / count
    # -- starter
    # # TODO: the mean of the batches' means is wrong where the last batch is shorter
    # raise NotImplementedError
    # -- end
