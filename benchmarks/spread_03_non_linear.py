"""How much the models of lesson 03 owe to their seed: 20 networks each, on the data and split of the lesson.

Run: python benchmarks/spread_03_non_linear.py
It takes about a minute. Only the seed of the first weights changes.
"""

from functools import partial
from statistics import median

import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

from helper_functions import fit

DATA_SEED = 42  # points and split, as in the lesson
SEEDS = range(20)  # one network each


class AddSquaredRadius(nn.Module):
    """Add x1^2 + x2^2 as a third feature."""

    def forward(self, X: Tensor) -> Tensor:
        """Return `[N, 3]` for `[N, 2]`."""
        return torch.cat([X, (X**2).sum(dim=1, keepdim=True)], dim=1)


def v1() -> nn.Sequential:
    """Return 2-10-10-1 without activation."""
    return nn.Sequential(nn.Linear(2, 10), nn.Linear(10, 10), nn.Linear(10, 1))


def with_relu(width: int) -> nn.Sequential:
    """Return 2-width-width-1 with ReLU."""
    hidden = [nn.Linear(2, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()]
    return nn.Sequential(*hidden, nn.Linear(width, 1))


def v4() -> nn.Sequential:
    """Return one linear layer on x1, x2 and x1^2 + x2^2."""
    return nn.Sequential(AddSquaredRadius(), nn.Linear(3, 1))


def one_layer_difference(model: nn.Sequential, X: Tensor) -> float:
    """Return the largest difference between the logits of a stack of linear layers and of their product."""
    W, b = torch.eye(X.shape[1]), torch.zeros(X.shape[1])
    with torch.inference_mode():
        for layer in model:
            W, b = layer.weight @ W, layer.weight @ b + layer.bias
        return (model(X) - (X @ W.T + b)).abs().max().item()


def main() -> None:
    """Train every recipe once a seed and print the spread of its test accuracy."""
    torch.set_num_threads(1)
    X, y = make_circles(1000, noise=0.03, random_state=DATA_SEED)
    X, y = torch.from_numpy(X).float(), torch.from_numpy(y).float()
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=DATA_SEED)

    sgd, adam = partial(torch.optim.SGD, lr=0.1), partial(torch.optim.Adam, lr=0.02)
    recipes = {  # name: model, optimizer, epochs at whose end to look
        "V1: 2-10-10-1, no activation, SGD lr 0.1": (v1, sgd, (1000,)),
        "V2: 2-10-10-1, ReLU, SGD lr 0.1": (partial(with_relu, 10), sgd, (1000, 1500)),
        "V3: 2-16-16-1, ReLU, Adam lr 0.02": (partial(with_relu, 16), adam, (300,)),
        "V4: one layer on 3 features, Adam lr 0.02": (v4, adam, (300,)),
    }
    one_layer_differences = []
    print(f"Test accuracy in % over {len(SEEDS)} seeds")
    print(f"{'recipe':<44}{'epochs':>6}{'lowest':>9}{'median':>9}{'highest':>9}{'at 100 %':>11}")
    for name, (build, make_optimizer, looks) in recipes.items():
        histories = []
        for seed in SEEDS:
            torch.manual_seed(seed)
            model = build()
            optimizer = make_optimizer(model.parameters())
            loss_fn = nn.BCEWithLogitsLoss()
            histories.append(
                fit(model, X_train, X_test, y_train, y_test, loss_fn, optimizer, max(looks))
            )
            if build is v1:
                one_layer_differences.append(one_layer_difference(model, X))
        for look in looks:
            accs = [history["test_acc"][look - 1] for history in histories]
            perfect = f"{sum(acc == 100 for acc in accs)} of {len(accs)}"
            print(
                f"{name:<44}{look:>6}{min(accs):>9.1f}{median(accs):>9.2f}{max(accs):>9.1f}{perfect:>11}"
            )
    print(
        f"Logits of V1 and of its one layer: they differ by at most {max(one_layer_differences):.1e}"
    )


if __name__ == "__main__":
    main()
