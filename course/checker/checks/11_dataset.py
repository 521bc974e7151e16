"""Check of exercise 11: the rows of the Dataset, then means at several batch sizes."""

import torch
from torch import nn
from torch.utils.data import DataLoader

from course.checker.watching import Watcher

HINTS = (
    (
        "A Dataset keeps X and y in __init__, returns len(X) in __len__ and the pair (X[index], "
        "y[index]) in __getitem__."
    ),
    "A batch's mean times its number of rows is its sum. Add up the sums and the numbers of rows.",
    (
        "model.eval(), then with torch.inference_mode(): for X, y in loader: total += "
        "loss_fn(...).item() * len(y)."
    ),
)
WHY = """The mean of means gives each batch the same weight, however short the last one is; sums
    do not. Eval mode puts dropout to rest, and without gradients nothing is recorded that
    nobody needs."""


def check(code):
    """Check the class, then the mean."""
    generator = torch.Generator().manual_seed(code.seed)
    X = torch.randn(11, 3, generator=generator)
    y = torch.randint(0, 2, (11,), generator=generator)
    data = code.call("Points", X, y)
    code.compare("len(Points(X [11, 3], y [11]))", len(data), 11)
    for index in (0, 4, 10):
        expected = X[index], y[index]
        known = [("pair", (y[index], X[index]), "The features come first, then the label.")]
        code.compare(f"Points(X, y)[{index}]", data[index], expected, mistakes=known)
    torch.manual_seed(code.seed)
    model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 2))
    with torch.no_grad():
        model[3].weight.mul_(8)  # the losses of the rows differ, so a wrong mean shows
    loss_fn = nn.CrossEntropyLoss()
    model.eval()
    whole = loss_fn(model(X), y).item()
    for size in (4, 11, 3, 1):
        model.train()
        batches = [(X[i : i + size], y[i : i + size]) for i in range(0, 11, size)]
        with Watcher(code.path) as watcher:
            got = code.call("mean_loss", model, DataLoader(data, batch_size=size), loss_fn)
        if isinstance(got, float):
            code.judge_evaluation(watcher)
        means = [loss_fn(model.eval()(a), b).item() for a, b in batches]
        total = sum(means)
        code.compare(
            f"mean_loss(model, loader with batches of {size} of 11 rows, loss_fn)",
            got,
            whole,
            mistakes=[
                (
                    "mean-of-means",
                    total / len(means),
                    "The short last batch counts as much as the others: weigh by len(y).",
                ),
                ("sum-of-means", total, "This is the sum of the batches' means."),
                (
                    "sum-of-means",
                    total / 11,
                    "The batches' means were added up without their numbers of rows.",
                ),
                ("last-batch", means[-1], "This is the loss of the last batch only."),
            ],
        )
    return [
        "rows and length of the Dataset; the mean loss for batches of 4, 11, 3 and 1 of 11 rows"
    ]
