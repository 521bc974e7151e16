"""How much the claims of lesson 08 owe to the seed: softmax twice, squared error from bad starts, and class weights.

Run: python benchmarks/spread_08_loss_functions.py
It takes about half a minute. Seeds change the first weights (softmax) or the points (starts, weights).
"""

import math
from statistics import median

import torch
from sklearn.datasets import make_blobs
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn import functional as F

from helper_functions import fit, logits_to_labels

SEED = 42  # of the blobs and their split, as in the lesson
SEEDS = range(40)
STEPS = 300  # as in the lesson


def softmax_twice() -> None:
    """Train 2-8-4 on the blobs with and without softmax in the model, once a seed."""
    X, y = make_blobs(1000, centers=4, cluster_std=1.5, random_state=SEED)
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=SEED)
    print(
        f"2-8-4 on blobs, SGD lr 0.1, {STEPS} epochs, {len(SEEDS)} seeds; floor {math.log(1 + 3 / math.e):.5f}"
    )
    for name, last in (("logits", nn.Identity()), ("softmax", nn.Softmax(dim=1))):
        losses, accs, missing = [], [], []
        for seed in SEEDS:
            torch.manual_seed(seed)
            model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 4), last)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            history = fit(
                model, X_train, X_test, y_train, y_test, nn.CrossEntropyLoss(), optimizer, STEPS
            )
            losses.append(history["train_loss"][-1])
            accs.append(history["test_acc"][-1])
            with torch.inference_mode():
                missing.append(4 - len(logits_to_labels(model(X_train)).unique()))
        print(
            f"  {name:<8} train loss {min(losses):.4f} to {max(losses):.4f}, median {median(losses):.4f}; "
            f"test accuracy {min(accs):.1f} to {max(accs):.1f}; "
            f"a class never predicted: {sum(m > 0 for m in missing)} of {len(SEEDS)}"
        )


def arriving_starts(loss: str, lr: float, seed: int) -> int:
    """Return how many of the lesson's 100 starts reach 90 % on points drawn with this seed."""
    X, y = make_blobs(200, centers=[[-1.5], [1.5]], random_state=seed)
    x, y = torch.tensor(X[:, 0], dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    ticks = torch.linspace(-9, 9, 10)
    params = torch.cartesian_prod(ticks, ticks).requires_grad_()  # [100, 2], weight and bias
    optimizer = torch.optim.SGD([params], lr=lr)

    def logits() -> Tensor:
        return params[:, :1] * x + params[:, 1:]  # [100, 200]

    for _ in range(STEPS):
        if loss == "log loss":
            losses = F.binary_cross_entropy_with_logits(
                logits(), y.expand(100, -1), reduction="none"
            )
        else:
            losses = (torch.sigmoid(logits()) - y) ** 2
        optimizer.zero_grad()
        losses.mean(dim=1).sum().backward()
        optimizer.step()
    return ((((logits() >= 0) == y).float().mean(dim=1)) >= 0.9).sum().item()


def weighted_bias(pos_weight: float, seed: int) -> tuple[float, float]:
    """Return bias and test recall (%) of a linear model with this weight on the rare class."""
    X, y = make_blobs([1800, 200], centers=[[0, 0], [2, 1]], random_state=seed)
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.5, random_state=seed, stratify=y
    )
    torch.manual_seed(seed)
    model = nn.Linear(2, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    loss_fn = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(pos_weight))
    fit(model, X_train, X_test, y_train, y_test, loss_fn, optimizer, STEPS)
    with torch.inference_mode():
        preds = model(X_test).squeeze(1) >= 0
    return model.bias.item(), 100 * ((preds * y_test).sum() / y_test.sum()).item()


def main() -> None:
    """Print the three spreads."""
    torch.set_num_threads(1)
    softmax_twice()

    print(f"\nStarts of 100 that arrive in {STEPS} steps, {len(SEEDS) // 2} draws of the points")
    for loss, lr in (("log loss", 1.0), ("squared error", 1.0), ("squared error", 10.0)):
        counts = [arriving_starts(loss, lr, seed) for seed in SEEDS[:20]]
        print(
            f"  {loss:<14} lr {lr:<5g} {min(counts):3d} to {max(counts):3d}, median {median(counts):g}"
        )

    print(
        f"\nWeight 9 on the rare class, {len(SEEDS) // 2} draws of the points; ln 9 = {math.log(9):.3f}"
    )
    plain = [weighted_bias(1.0, seed) for seed in SEEDS[:20]]
    weighted = [weighted_bias(9.0, seed) for seed in SEEDS[:20]]
    shifts = [
        with_weight[0] - without[0] for with_weight, without in zip(weighted, plain, strict=True)
    ]
    print(f"  bias rises by {min(shifts):.2f} to {max(shifts):.2f}, median {median(shifts):.2f}")
    for name, rows in (("without", plain), ("with", weighted)):
        recalls = [recall for _, recall in rows]
        print(
            f"  recall {name:<8} {min(recalls):.0f} to {max(recalls):.0f} %, median {median(recalls):.0f} %"
        )


if __name__ == "__main__":
    main()
