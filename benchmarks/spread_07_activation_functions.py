"""How much the networks of lesson 07 owe to their seed: dead units and test accuracy on the circles over 40 seeds.

Run: python benchmarks/spread_07_activation_functions.py
It takes about two minutes. The data and the split stay those of the lesson; only the seed of the weights changes.
"""

from statistics import median

import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import fit

DATA_SEED = 42  # points and split, as in the lesson
SEEDS = range(40)  # one network each
ACTIVATIONS = {
    "Sigmoid": nn.Sigmoid,
    "Tanh": nn.Tanh,
    "ReLU": nn.ReLU,
    "ReLU, He": nn.ReLU,  # first weights drawn by He initialization, as "Try it" proposes
    "LeakyReLU": nn.LeakyReLU,
}
RECIPES = {  # name: hidden layers, learning rate, epochs, as in the lesson
    "2-8-1, lr 0.05": ([8], 0.05, 200),
    "2 layers, lr 0.02": ([16] * 2, 0.02, 100),
    "2 layers, lr 0.5": ([16] * 2, 0.5, 100),
    "8 layers, lr 0.02": ([16] * 8, 0.02, 100),
}


def network(name: str, hidden: list[int], seed: int) -> nn.Sequential:
    """Return the lesson's network with the activation of that name, its weights drawn from the seed."""
    torch.manual_seed(seed)
    layers = []
    for n_in, n_out in zip([2, *hidden], hidden, strict=False):
        layers += [nn.Linear(n_in, n_out), ACTIVATIONS[name]()]
    net = nn.Sequential(*layers, nn.Linear(hidden[-1], 1))
    if name.endswith("He"):
        for layer in net[::2]:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return net


def main() -> None:
    """Train every recipe with every activation, once a seed, and print the spreads."""
    torch.set_num_threads(1)
    X, y = make_circles(1000, noise=0.03, random_state=DATA_SEED)
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=DATA_SEED)
    loss_fn = nn.BCEWithLogitsLoss()

    print(f"8 hidden layers of 16, untrained, {len(SEEDS)} seeds: lowest, median, highest")
    print(f"{'':<11}powers of ten lost by the gradient    standard deviation of the logits")
    for name in ACTIVATIONS:
        lost, spread = [], []
        for seed in SEEDS:
            net = network(name, [16] * 8, seed)
            logits = net(X_train).squeeze(1)
            loss_fn(logits, y_train).backward()
            sizes = [
                layer.weight.grad.abs().mean() for layer in net[:-1:2]
            ]  # mean |gradient| by hidden layer
            lost.append((sizes[-1] / sizes[0]).log10().item())
            spread.append(logits.std().item())
        print(f"{name:<11}{min(lost):10.1f}{median(lost):12.1f}{max(lost):12.1f}", end="")
        print(f"{min(spread):14.0e}{median(spread):12.0e}{max(spread):12.0e}")

    print(f"\nAfter training, {len(SEEDS)} seeds: test accuracy in %, and dead units")
    print(
        f"{'recipe':<19}{'activation':<12}{'lowest':>8}{'median':>8}{'highest':>8}{'below 75':>12}",
        end="",
    )
    print(f"{'dead: lowest':>15}{'median':>8}{'highest':>9}")
    for recipe, (hidden, lr, epochs) in RECIPES.items():
        for name in ACTIVATIONS:
            accs, dead = [], []
            for seed in SEEDS:
                net = network(name, hidden, seed)
                optimizer = torch.optim.Adam(net.parameters(), lr=lr)
                accs.append(
                    fit(net, X_train, X_test, y_train, y_test, loss_fn, optimizer, epochs)[
                        "test_acc"
                    ][-1]
                )
                with torch.inference_mode():
                    outputs = [net[:end](X_train) for end in range(2, len(net), 2)]
                dead.append(sum((output == 0).all(dim=0).sum().item() for output in outputs))
            stuck = f"{sum(acc < 75 for acc in accs)} of {len(accs)}"
            print(
                f"{recipe:<19}{name:<12}{min(accs):>8.1f}{median(accs):>8.1f}{max(accs):>8.1f}{stuck:>12}",
                end="",
            )
            print(f"{min(dead):>15}{median(dead):>8.1f}{max(dead):>9}", flush=True)


if __name__ == "__main__":
    main()
