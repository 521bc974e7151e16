"""How much the networks of lesson 04 owe to their seed, and whether ReLU helps on the blobs: 20 networks of each kind.

Run: python benchmarks/spread_04_multi_class.py
It takes about ten seconds. Only the seed of the first weights changes; data, split and fresh points are those of the
lesson.
"""

from statistics import median

import torch
from sklearn.datasets import make_blobs
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import accuracy_fn, fit

DATA_SEED = 42  # points and split, as in the lesson
SEEDS = range(20)  # one network of each kind
FRESH = 1_000_000  # new points, as in the lesson


def main() -> None:
    """Train both kinds once a seed and print the spread of their accuracies."""
    torch.set_num_threads(1)
    X, y, centers = make_blobs(
        1000, centers=4, cluster_std=1.5, random_state=DATA_SEED, return_centers=True
    )
    X_fresh, y_fresh = make_blobs(
        FRESH, centers=centers, cluster_std=1.5, random_state=DATA_SEED + 1
    )
    X, y, X_fresh, y_fresh = (torch.from_numpy(array) for array in (X, y, X_fresh, y_fresh))
    X, X_fresh = X.float(), X_fresh.float()
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=DATA_SEED)

    print(f"Accuracy in % over {len(SEEDS)} seeds")
    print(f"{'network':<24}{'measured on':<28}{'lowest':>8}{'median':>9}{'highest':>9}")
    for name, activation in (("without activation", nn.Identity), ("with ReLU", nn.ReLU)):
        accs = {
            "untrained, 200 test points": [],
            "after one step": [],
            "after 100 epochs": [],
            "fresh points": [],
        }
        for seed in SEEDS:
            torch.manual_seed(seed)
            model = nn.Sequential(
                nn.Linear(2, 8), activation(), nn.Linear(8, 8), activation(), nn.Linear(8, 4)
            )
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            with torch.inference_mode():
                untrained = accuracy_fn(y_test, model(X_test).argmax(dim=1))
            test_acc = fit(
                model, X_train, X_test, y_train, y_test, nn.CrossEntropyLoss(), optimizer, 100
            )["test_acc"]
            with torch.inference_mode():
                fresh = accuracy_fn(y_fresh, model(X_fresh).argmax(dim=1))
            for values, acc in zip(
                accs.values(), (untrained, test_acc[0], test_acc[-1], fresh), strict=True
            ):
                values.append(acc)
        for measured_on, values in accs.items():
            spread = f"{min(values):>8.2f}{median(values):>9.2f}{max(values):>9.2f}"
            print(f"{name:<24}{measured_on:<28}{spread}")


if __name__ == "__main__":
    main()
