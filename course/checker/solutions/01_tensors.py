"""Solution of exercise 01: Tensors from NumPy."""

import torch


def to_tensors(features, labels, classes):
    """Return X [N, F] and y [N] as tensors. `features` is [N, F], `labels` [N], both NumPy arrays."""
    X = torch.tensor(features, dtype=torch.float32)
    y = torch.tensor(labels, dtype=torch.float32 if classes == 2 else torch.int64)
    return X, y


def split(X, y, share, seed):
    """Return X_train, X_test, y_train, y_test."""
    order = torch.randperm(len(X), generator=torch.Generator().manual_seed(seed))
    count = round(share * len(X))
    test, train = order[:count], order[count:]
    return X[train], X[test], y[train], y[test]
