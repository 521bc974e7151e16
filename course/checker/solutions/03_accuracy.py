"""Solution of exercise 03: An accuracy that refuses nonsense."""


def accuracy(y_true, y_pred):
    """Return the percentage of labels [N] that are predicted right."""
    if y_true.shape != y_pred.shape:
        raise ValueError(f"y_true has the shape {list(y_true.shape)} and y_pred {list(y_pred.shape)}.")
    if y_true.numel() == 0:
        raise ValueError("There are no labels.")
    return (y_true == y_pred).sum().item() / y_true.numel() * 100
