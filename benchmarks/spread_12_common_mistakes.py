"""Whether the silent mistakes of lesson 12 look alike from seed to seed: loss and accuracy over 20 seeds.

Run: python benchmarks/spread_12_common_mistakes.py
It takes about a minute. Data, split and shuffled labels stay those of the lesson; the seed of the weights changes.
"""

import warnings
from collections.abc import Sequence
from statistics import median

import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import fit

DATA_SEED = 42  # points, split and shuffled labels, as in the lesson
SEEDS = range(20)  # one network each, with and without the mistake
EPOCHS, LR = 100, 0.02  # as in the lesson


class DropoutLeftOn(nn.Module):
    """Dropout that does not know eval mode."""

    def forward(self, X):
        """Replace half of X by 0 and double the rest."""
        return nn.functional.dropout(X, p=0.5, training=True)


def train(
    data,
    seed,
    lr=LR,
    loss_fn=None,
    outputs=1,
    before=(),
    after=(),
    own_weights=True,
    zero_grad=True,
):
    """Train the lesson's 2-16-16-1 with the changes that are given; return it and its history."""
    torch.manual_seed(seed)
    hidden = [nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU()]
    model = nn.Sequential(*hidden, *before, nn.Linear(16, outputs), *after)
    optimizer = torch.optim.Adam((model if own_weights else nn.Linear(2, 1)).parameters(), lr=lr)
    if not zero_grad:
        optimizer.zero_grad = lambda: None
    return model, fit(model, *data, loss_fn or nn.BCEWithLogitsLoss(), optimizer, EPOCHS)


def report(name: str, histories: Sequence[dict[str, list[float]]]) -> None:
    """Print the spread of last loss and accuracy, the least highest loss, and how often the loss never changes."""
    losses, accs = (
        [history[key][-1] for history in histories] for key in ("test_loss", "test_acc")
    )
    frozen = sum(len(set(history["test_loss"])) == 1 for history in histories)
    print(f"{name:<28}{min(losses):9.4f}{median(losses):8.4f}{max(losses):8.4f}", end="")
    print(f"{min(accs):10.1f}{median(accs):8.1f}{max(accs):8.1f}", end="")
    print(f"{min(max(history['test_loss']) for history in histories):12.2f}{frozen:9d}", flush=True)


def main() -> None:
    """Train each mistake and each kind of correct network once a seed, and print the spreads."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # the one about [N] against [N, 1] is the point of that row
    X, y = make_circles(1000, noise=0.03, random_state=DATA_SEED)
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=DATA_SEED)
    circles = X_train, y_train, X_test, y_test
    order = torch.randperm(800, generator=torch.Generator().manual_seed(DATA_SEED))
    shuffled = X_train, y_train[order], X_test, y_test
    units = torch.tensor([1, 1000])
    unscaled = X_train * units, y_train, X_test * units, y_test
    bce, mse = nn.BCEWithLogitsLoss(), nn.MSELoss()
    two = {"outputs": 2, "loss_fn": lambda z, y: nn.functional.cross_entropy(z, y.long())}
    squared = {"loss_fn": lambda z, y: mse(z.sigmoid(), y)}

    changes = {
        "correct": {},
        "correct, two outputs": two,
        "correct, squared error": squared,
        "correct, with dropout": {"before": [nn.Dropout(0.5)]},
        "optimizer of another model": {"own_weights": False},
        "rounded too early": {"loss_fn": lambda z, y: bce(z.sigmoid().round(), y)},
        "ReLU on logits": {"after": [nn.ReLU()]},
        "learning rate too small": {"lr": LR / 100},
        "no zero_grad": {"zero_grad": False},
        "learning rate too large": {"lr": LR * 100},
        "features not scaled": {"data": unscaled},
        "dropout left on": {"before": [DropoutLeftOn()]},
        "sigmoid twice": {"after": [nn.Sigmoid()]},
        "softmax twice": two | {"after": [nn.Softmax(dim=1)]},
        "column against row": {"loss_fn": lambda z, y: mse(z.sigmoid().unsqueeze(1), y)},
        "shuffled labels": {"data": shuffled},
    }
    print(
        f"{EPOCHS} epochs, {len(SEEDS)} seeds; lowest, median, highest of the last test loss and test accuracy in %,"
    )
    print("the least of the 20 highest losses, and the number of seeds whose loss never changes")
    print(f"{'':28}{'loss':>9}{'':16}{'accuracy':>10}{'':16}{'highest >=':>12}{'frozen':>9}")
    for name, change in changes.items():
        models, histories = zip(
            *(train(**({"data": circles, "seed": seed} | change)) for seed in SEEDS), strict=True
        )
        report(name, histories)
        if name == "column against row":
            with torch.inference_mode():
                probs = torch.stack(
                    [model(X_test).sigmoid() for model in models]
                )  # [seeds, 200, 1]
            print(
                f"  all its probabilities, over all seeds: {probs.min():.4f} to {probs.max():.4f}"
            )


if __name__ == "__main__":
    main()
