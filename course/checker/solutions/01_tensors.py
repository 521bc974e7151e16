"""Exercise 01: Tensors from NumPy

Task: Write to_tensors and split. to_tensors(features, labels, classes) turns two NumPy
    arrays into tensors: X as float32; y as float32 if there are two classes, because
    BCEWithLogitsLoss wants that, and as int64 if there are more, because
    CrossEntropyLoss wants that. split(X, y, share, seed) puts round(share * N) rows,
    drawn at random, into the test set and all other rows into the training set. Each
    row keeps its label. The same seed gives the same split, another seed gives another
    one.
Target: Right shapes, dtypes and values; no row is lost, doubled or in both sets.
Minutes: 10
Lesson: 01
Check: python exercises/01_tensors.py
"""

if __name__ == "__main__":
    import checker  # checks this file in another process, and ends this one

import torch


def to_tensors(features, labels, classes):
    """Return X [N, F] and y [N]; features [N, F] and labels [N] are NumPy arrays."""
    # -- solution
    label_dtype = torch.float32 if classes == 2 else torch.int64
    X = torch.tensor(features, dtype=torch.float32)
    y = torch.tensor(labels, dtype=label_dtype)
    return X, y
    # -- starter
    # # TODO: make two tensors, each with the dtype that the task names
    # raise NotImplementedError
    # -- end


def split(X, y, share, seed):
    """Return X_train, X_test, y_train, y_test."""
    # -- solution
    generator = torch.Generator()
    generator.manual_seed(seed)
    order = torch.randperm(len(X), generator=generator)  # one order for X and y
    count = round(share * len(X))
    test = order[:count]
    train = order[count:]
    return X[train], X[test], y[train], y[test]
    # -- starter
    # # TODO: draw the order of the rows from the seed, then cut it in two
    # raise NotImplementedError
    # -- end
