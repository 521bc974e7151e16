"""How much faster are many networks together than one by one? The table behind lesson 13.

    python benchmarks/many_seeds.py

Both ways train the same 2-10-10-1 networks with SGD from the same seeds, on one thread. The table gives milliseconds of
processor time for one network and epoch, the ratio, and the largest difference of the final losses.
"""

import time

import torch
from sklearn.datasets import make_circles
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

REPEATS = 5  # the best of five counts: whatever else the machine does only makes a run slower
EPOCHS = 20


def build(seed):
    """Return the network of one seed."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 10), nn.ReLU(), nn.Linear(10, 1)
    )


def one_by_one(n_models, X, y):
    """Train network after network; return their losses `[M]`."""
    losses = []
    for seed in range(n_models):
        model = build(seed)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(EPOCHS):
            loss = nn.functional.binary_cross_entropy_with_logits(model(X).squeeze(1), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses)


def together(n_models, X, y):
    """Train all networks at once; return their losses `[M]`."""
    models = [build(seed) for seed in range(n_models)]
    weights, _ = stack_module_state(models)
    logits_of_all = vmap(lambda one, X: functional_call(models[0], one, (X,)), in_dims=(0, None))
    optimizer = torch.optim.SGD(weights.values(), lr=0.1)
    labels = y.expand(n_models, -1)
    for _ in range(EPOCHS):
        logits = logits_of_all(weights, X).squeeze(2)
        losses = nn.functional.binary_cross_entropy_with_logits(
            logits, labels, reduction="none"
        ).mean(dim=1)
        optimizer.zero_grad()
        losses.sum().backward()
        optimizer.step()
    return losses.detach()


def best_milliseconds(train, n_models, X, y):
    """Return processor time for one network and epoch, and the losses."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        losses = train(n_models, X, y)
        times.append(time.process_time() - start)
    return min(times) * 1000 / n_models / EPOCHS, losses


torch.set_num_threads(1)
X_all, y_all = (
    torch.tensor(part, dtype=torch.float32)
    for part in make_circles(800, noise=0.03, random_state=42)
)
together(
    2, X_all[:10], y_all[:10]
)  # the first optimizer and the first vmap of a process cost extra

print("networks  points  one by one   together   ratio  largest difference of losses")
for n_models, n_points in ((8, 200), (64, 200), (256, 200), (16, 800), (64, 800)):
    X, y = X_all[:n_points], y_all[:n_points]
    alone, losses_alone = best_milliseconds(one_by_one, n_models, X, y)
    shared, losses_together = best_milliseconds(together, n_models, X, y)
    difference = (losses_alone - losses_together).abs().max()
    print(
        f"{n_models:8} {n_points:7} {alone:8.3f} ms {shared:7.3f} ms {alone / shared:6.1f}x  {difference:.0e}"
    )
