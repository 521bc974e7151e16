"""How much V0 of lesson 02 owes to its first weights, and why it ends below 50 % on the test points.

Run: python benchmarks/spread_02_training_and_predictions.py
It takes a few seconds. Data and split stay those of the lesson; only the seed of the first weights changes.
"""

from statistics import median

import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import fit

DATA_SEED = 42  # points and split, as in the lesson
SEEDS = range(20)  # one network each
EPOCHS = 100  # as in the lesson


def main() -> None:
    """Train V0 once a seed and print the spread of its accuracy, then where the centres of the classes lie."""
    torch.set_num_threads(1)
    X, y = make_circles(1000, noise=0.03, random_state=DATA_SEED)
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=DATA_SEED)

    final = {"train_acc": [], "test_acc": []}
    for seed in SEEDS:
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(2, 5), nn.Linear(5, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        history = fit(
            model, X_train, X_test, y_train, y_test, nn.BCEWithLogitsLoss(), optimizer, EPOCHS
        )
        for name, accs in final.items():
            accs.append(history[name][-1])
    print(f"V0 (2-5-1, SGD, lr 0.1, {EPOCHS} epochs): accuracy in % over {len(SEEDS)} seeds")
    for name, accs in final.items():
        print(
            f"  {name:<10} lowest {min(accs):5.2f}   median {median(accs):5.2f}   highest {max(accs):5.2f}"
        )

    print("Centre of class 1 minus centre of class 0 (x1, x2)")
    for name, X_part, y_part in (
        ("train", X_train, y_train),
        ("test", X_test, y_test),
        ("together", X, y),
    ):
        x1, x2 = (X_part[y_part == 1].mean(dim=0) - X_part[y_part == 0].mean(dim=0)).tolist()
        print(f"  {name:<10} {x1:+.4f}  {x2:+.4f}")


if __name__ == "__main__":
    main()
