"""Lesson 13: Seeds and luck

Question: Is that number luck?
You will learn:
    - to train many networks at once with torch.func
    - to measure how much a result depends on the seed, and how much on the test points
    - to say how many seeds and test points a difference needs before it means something
Builds on: Lessons 03 and 05
Run: python module_03/13_seeds_and_luck.py
Writes:
    outputs/13_strips.png - test accuracy of 16 seeds for each of three recipes: SGD anywhere from 53.5 to 98.5 %
    outputs/13_same_recipe.png - decision boundaries of the worst, a middle and the best seed of one and the same recipe
"""

# %% Setup
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

from helper_functions import (
    Recorder,
    logits_to_labels,
    pick_device,
    plot_decision_boundary,
    save_figure,
    save_player,
    save_results,
)

SEED = 42  # data and split; the networks have seeds of their own
N_TOGETHER = 64  # networks that are trained at once in section 3
FEW = 200  # training points there; fewer points, more gain
N_SEEDS = 16  # networks a recipe in section 4; each costs 0.2 s in the first recipe
GAP = 5.0  # percentage points, the difference between two recipes that section 6 wants to be sure of
device = pick_device()

# %% 1. Data: the circles of lesson 03
# One thing changes from network to network: the seed of its first weights. Data, split and recipe stay the same.
# 20,000 fresh points from the same circles stand for the truth: so many that their own luck hardly counts.

circles = make_circles(1000, noise=0.03, random_state=SEED) + make_circles(20_000, noise=0.03, random_state=SEED + 1)
X, y, X_fresh, y_fresh = (torch.tensor(t, dtype=torch.float32, device=device) for t in circles)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=SEED)  # 800 and 200 points
loss_fn = nn.BCEWithLogitsLoss(reduction="none")  # one loss a point; the mean is taken for each network alone

# %% 2. NEW: many networks at once
# One training step on such a small network takes under a millisecond, and most of that is overhead: Python and PyTorch
# getting ready. Stack the weights of 64 networks, [10, 2] -> [64, 10, 2], and the overhead is paid once for all.
# - stack_module_state stacks the weights of all models, name by name.
# - functional_call runs a model with weights that are given to it, in place of its own.
# - vmap turns a function for one network into a function for all of them.
# What we minimise is the sum of the 64 losses. A weight of one network changes only that network's loss, so its
# gradient is the one it would have alone, and so is its step. No network feels the others.
# SGD and Adam treat every weight by itself, so one optimizer can hold the weights of all networks.


def build(seed, width):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))


def train_together(models, X, y, loss_fn, optimizer_class, lr, epochs, recorders=()):
    weights, _ = stack_module_state(models)  # a dict of tensors [M, ...], M models
    for m, model in enumerate(models):  # assign=True: each model shares the memory of its slice, and learns with it
        model.load_state_dict({name: stacked[m] for name, stacked in weights.items()}, assign=True)
    logits_of_all = vmap(lambda one, X: functional_call(models[0], one, (X,)), in_dims=(0, None))
    optimizer, history = optimizer_class(weights.values(), lr=lr), []
    for epoch in range(epochs):
        logits = logits_of_all(weights, X).squeeze(2)  # [M, N, 1] -> [M, N]
        losses = loss_fn(logits, y.expand_as(logits)).mean(dim=1)  # labels [N] -> [M, N]; losses [M]
        optimizer.zero_grad()
        losses.sum().backward()
        optimizer.step()
        history.append(losses.tolist())
        for recorder in recorders:
            recorder.snapshot(epoch)
    return np.transpose(history)  # [M, epochs]


# %% 3. The same losses, one by one
# Is that true? Train the same networks from the same seeds in the plain loop, one after another. Compare the losses.
# They differ by the rounding of float32, and only because the sums are taken in another order.
# How much faster it is depends on your machine and on the number of points. With 200 points most of a step is overhead,
# which is saved. With 800 the arithmetic weighs more, and arithmetic is not saved. benchmarks/many_seeds.py prints a
# table: about 6 times as fast with 64 networks and 200 points on the machine where it was written, 3 times with 800.

models = [build(seed, 10).to(device) for seed in range(N_TOGETHER)]
optimizers = [torch.optim.SGD(model.parameters(), lr=0.1) for model in models]  # the first one of a process is slow
start, losses_alone = time.perf_counter(), []
for model, optimizer in zip(models, optimizers, strict=True):
    for _ in range(30):
        loss = loss_fn(model(X_train[:FEW]).squeeze(1), y_train[:FEW]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    losses_alone.append(loss.item())
models, middle = [build(seed, 10).to(device) for seed in range(N_TOGETHER)], time.perf_counter()
losses = train_together(models, X_train[:FEW], y_train[:FEW], loss_fn, torch.optim.SGD, 0.1, epochs=30)[:, -1]
alone, together = middle - start, time.perf_counter() - middle
loss_difference = np.abs(np.subtract(losses, losses_alone)).max()
print(f"3. {N_TOGETHER} networks 2-10-10-1, {FEW} points, 30 epochs; losses differ by {loss_difference:.0e} at most")
print(f"   One by one {alone:.2f} s, together {together:.2f} s: {alone / together:.1f} times as fast")

# %% 4. One recipe, 16 seeds
# Three recipes, each with seeds 0 to 15. The first is V2 of lesson 03: 86.5 % there was the draw of seed 42.
# Before you run: how far apart will the worst and the best of 16 seeds be? Chance is 50 %, the best straight line
# 60.2 %, the best possible 99.96 %. With Adam, one narrow network of 16 stays near chance, and no wider one does.

recipes = {  # name: hidden units, optimizer, learning rate, epochs
    "2-10-10-1, SGD lr 0.1, 1000 epochs": (10, torch.optim.SGD, 0.1, 1000),
    "2-10-10-1, Adam lr 0.02, 100 epochs": (10, torch.optim.Adam, 0.02, 100),
    "2-16-16-1, Adam lr 0.02, 100 epochs": (16, torch.optim.Adam, 0.02, 100),
}
print(f"\n4. Test accuracy in % over {N_SEEDS} seeds")
recorders, histories, test_accs = [], [], []  # one entry a recipe, of 16 each
for name, (width, *how) in recipes.items():
    recorders.append([Recorder(build(seed, width).to(device), epochs=how[-1]) for seed in range(N_SEEDS)])
    models = [recorder.model for recorder in recorders[-1]]
    histories.append(train_together(models, X_train, y_train, loss_fn, *how, recorders[-1]))
    test_accs.append([100 * (logits_to_labels(model(X_test)) == y_test).double().mean().item() for model in models])
    quantiles = np.quantile(test_accs[-1], (0, 0.5, 1))
    print("   {:36}  worst {:5.1f}  median {:6.2f}  best {:5.1f}".format(name, *quantiles))
order = np.argsort(test_accs[0])  # the seeds of the first recipe, worst first

# %% 5. NEW: two kinds of luck
# Luck has two sources: the seed of the network, and which points happen to be in the test set. Hold one still and look
# at the other. Many networks, one test set of 20,000 points: luck of the seed. One network, a hundred test sets of 200
# points: luck of the points. Lesson 05's formula agrees: a share p of n points varies by sqrt(p (1 - p) / n).
# Here the seed matters six times as much. A larger test set would measure each network better and leave that as it is.

right = [(logits_to_labels(recorder.model(X_fresh)) == y_fresh).double() for recorder in recorders[0]]
seed_std = 100 * torch.stack(right).mean(dim=1).std().item()  # [16, 20000] -> [16] -> one number
middle_right = right[order[N_SEEDS // 2]]  # [20000], of the seed in the middle
point_std = 100 * middle_right.reshape(100, 200).mean(dim=1).std().item()  # [100, 200] -> [100] -> one number
by_formula = 100 * (middle_right.mean() * (1 - middle_right.mean()) / 200).sqrt().item()
print("\n5. Two kinds of luck with SGD, as standard deviation in percentage points")
print(f"   Which seed: {seed_std:.2f}. Which 200 test points: {point_std:.2f}, by the formula {by_formula:.2f}")

# %% 6. When does a difference mean something?
# Two people run the same recipe with one seed each. How often do they differ by 10 points or more? All pairs tell.
# In two pairs of three one of them would believe to have found something.
# To trust a difference, average: the mean of n seeds varies by 1 / sqrt(n) of what one seed varies. With 95 %
# confidence two means differ beyond luck if they are more than 1.96 sqrt(2) std / sqrt(n) apart. Solve that for n.
# With a spread of 16 points that takes far more seeds than anybody reports, and twice as many to find it 4 times in 5.
# The same for test points: to tell 98 % from 99 %, the two variances add up, and n must bring them below 1 point.
# The number of seeds is itself a guess: it rests on a standard deviation measured on 16 networks.
# So the honest answer to "is that number luck?" has three parts: the number, the spread, and how many of each you ran.

apart = np.abs(np.subtract.outer(test_accs[0], test_accs[0]))[np.triu_indices(N_SEEDS, 1)]  # [120], one a pair
pairs_apart = 100 * (apart >= 10).mean()  # percent
n_seeds = int(np.ceil(2 * (1.96 * seed_std / GAP) ** 2))
n_points = int(np.ceil((1.96 / 0.01) ** 2 * (0.98 * 0.02 + 0.99 * 0.01)))
print("\n6. When does a difference mean something?")
print(f"   Same recipe, two seeds: 10 points or more apart in {pairs_apart:.0f}% of {len(apart)} pairs")
print(f"   Needed for {GAP:.0f} points: {n_seeds} seeds a recipe. For 98% against 99%: {n_points} test points")

# %% 7. Look
# What to see in the first figure: with SGD the points lie anywhere from chance to nearly perfect. With Adam all but two
# of the narrow networks are above 99 %, and all of the wider ones.
# What to see in the second: one recipe, three networks. The worst has found no more than a line, the middle one a shape
# that is open at the top right, the best one a ring. All three are still learning: more epochs would help each.
# NEW: the page of save_player() shows why seed 10 fails, with Adam too: 7 of its first 10 units are dead at the start.

fig, ax = plt.subplots(figsize=(8, 3.6), layout="constrained", subplot_kw={"xlabel": "test accuracy in %"})
for row, accs in enumerate(test_accs):
    ax.scatter(accs, row + np.linspace(-0.2, 0.2, N_SEEDS), s=22, color="0.4")  # apart, so that equal ones show
    ax.plot([np.median(accs)] * 2, [row - 0.32, row + 0.32], color="black")
ax.vlines((50, 60.2, 99.96), -0.5, 2.5, colors="0.45", linewidth=0.8, linestyle="--", zorder=0)
ax.secondary_xaxis("top").set_xticks((50, 60.2, 99.96), ("chance", "best straight line", "best possible"), fontsize=9)
ax.set(ylim=(2.5, -0.5), yticks=range(3), yticklabels=[name.replace(", ", "\n") for name in recipes])
fig.suptitle(f"Circles, {N_SEEDS} seeds a recipe: a point is a seed, black the median")
save_figure(fig, "13_strips.png")
fig, axes = plt.subplots(1, 3, figsize=(10, 4.1), layout="constrained")
for ax, word, seed in zip(axes, ("worst", "middle", "best"), order[[0, N_SEEDS // 2, -1]], strict=True):
    plot_decision_boundary(recorders[0][seed].model, X_test, y_test, ax=ax, limits_from=X)
    ax.set_title(f"{word}: seed {seed}, {ax.get_title()}")
fig.suptitle("One recipe, three seeds: 2-10-10-1 with ReLU on circles, SGD lr 0.1, 1000 epochs, test points")
save_figure(fig, "13_same_recipe.png")
runs = {f"SGD, seed {s}": (recorders[0][s], {"train_loss": histories[0][s]}) for s in order[[0, N_SEEDS // 2, -1]]}
runs |= {f"Adam, seed {order[0]}": (recorders[1][order[0]], {"train_loss": histories[1][order[0]]})}
save_player("13_seeds_and_luck", (X_train, X_test, y_train, y_test), runs)

# %% 8. What we learned
# "It scores 95 %" and "it scores 70 %" can be the same network with another seed. Report how many seeds you ran, and
# their spread. What 16 seeds tell: 1000 epochs of SGD are a lottery, and Adam on the wider network is not. What they do
# not tell: how often Adam fails on the narrow network. It failed once; for a rate that small, run hundreds of seeds.
# A test set has its luck too: which 200 points it holds moves the middle network by 3 points (standard deviation).
# What one seed cannot tell: which of two recipes is better, unless they differ by far more than the spread.
# This was the last lesson. You can build a classifier, judge it, and say how far its number can be trusted.

sgd, adam, wide = test_accs
results = {"loss_difference": loss_difference, "adam_worst": min(adam), "wide_worst": min(wide)}
results |= {"sgd_worst": min(sgd), "sgd_median": float(np.median(sgd)), "sgd_best": max(sgd), "seed_std": seed_std}
results |= {"point_std": point_std, "pairs_10_points_apart": pairs_apart, "seeds_needed": n_seeds}
save_results("13_seeds_and_luck", results)

# %% 9. Try it
# - Give SGD 1500 epochs (recipes in section 4). Predict: does the spread shrink, or does only the median rise?
# - Set GAP = 2. Predict how the number of seeds grows before you look: the gap is 2.5 times smaller.
# - Set N_TOGETHER = 8, then 256. Predict where the gain is larger, and why.
