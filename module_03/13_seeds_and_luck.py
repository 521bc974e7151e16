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

from helper_functions import logits_to_labels, pick_device, plot_decision_boundary, save_figure, save_results

SEED = 42  # data and split; the networks have seeds of their own
N_TOGETHER = 64  # networks that are trained at once in section 3
POINTS_TOGETHER = 200  # training points there: few, so that overhead dominates and sharing it pays
EPOCHS_TOGETHER = 30  # enough for a fair comparison of the losses
N_SEEDS = 16  # networks a recipe in section 4; each costs 0.2 s in the first recipe
FRESH_POINTS = 20_000  # new points from the same circles: so many that their luck hardly counts
GAP = 5.0  # percentage points, the difference between two recipes that section 6 wants to be sure of

torch.set_num_threads(1)  # tensors this small gain nothing from more threads
device = pick_device()

# %% 1. Data: the circles of lesson 03
# One thing changes from network to network: the seed of its first weights. Data, split and recipe stay the same.

X, y = make_circles(1000, noise=0.03, random_state=SEED)
X_fresh, y_fresh = make_circles(FRESH_POINTS, noise=0.03, random_state=SEED + 1)
X, y, X_fresh, y_fresh = (torch.tensor(t, dtype=torch.float32, device=device) for t in (X, y, X_fresh, y_fresh))
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=SEED)  # 800 and 200 points
loss_fn = nn.BCEWithLogitsLoss(reduction="none")  # one loss a point; section 2 averages for each network

# %% 2. NEW: 64 networks at once
# One training step on such a small network takes under a millisecond, and most of that is overhead: Python and PyTorch
# getting ready. Stack the weights of 64 networks, [10, 2] -> [64, 10, 2], and the overhead is paid once for all.
# stack_module_state stacks. functional_call runs a model with weights given to it. vmap does so for each of the 64.
# The sum of the 64 losses has, for each network, the gradient of its own loss alone: no network feels the others.


def build(seed, width):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))


def train_together(models, X, y, loss_fn, optimizer_class, lr, epochs):
    weights, _ = stack_module_state(models)  # a dict of tensors [M, ...], M models
    logits_of_all = vmap(lambda one, X: functional_call(models[0], one, (X,)), in_dims=(0, None))
    optimizer = optimizer_class(weights.values(), lr=lr)
    labels = y.expand(len(models), -1)  # [N] -> [M, N]
    for _ in range(epochs):
        logits = logits_of_all(weights, X).squeeze(2)  # [M, N, 1] -> [M, N]
        losses = loss_fn(logits, labels).mean(dim=1)  # [M, N] -> [M]
        optimizer.zero_grad()
        losses.sum().backward()
        optimizer.step()
    for m, model in enumerate(models):
        model.load_state_dict({name: stacked[m] for name, stacked in weights.items()})
    return losses.detach()


# %% 3. The same losses, one by one
# The check: the plain loop, network after network, from the same seeds. The losses agree to the rounding of float32.

X_few, y_few = X_train[:POINTS_TOGETHER], y_train[:POINTS_TOGETHER]
start = time.perf_counter()
losses_alone = []
for seed in range(N_TOGETHER):
    model = build(seed, 10).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(EPOCHS_TOGETHER):
        loss = loss_fn(model(X_few).squeeze(1), y_few).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    losses_alone.append(loss.item())
between = time.perf_counter()
models = [build(seed, 10).to(device) for seed in range(N_TOGETHER)]
losses_together = train_together(models, X_few, y_few, loss_fn, torch.optim.SGD, 0.1, EPOCHS_TOGETHER)
seconds_alone, seconds_together = between - start, time.perf_counter() - between
loss_difference = (losses_together.cpu() - torch.tensor(losses_alone)).abs().max().item()
print(f"3. {N_TOGETHER} networks 2-10-10-1, {POINTS_TOGETHER} points, {EPOCHS_TOGETHER} epochs of SGD")
print(
    f"   One by one {seconds_alone:.2f} s, together {seconds_together:.2f} s: {seconds_alone / seconds_together:.1f} x"
)
print(f"   Largest difference of the losses: {loss_difference:.0e}")

# %% 4. The same recipe, 16 seeds
# Three recipes, each with seeds 0 to 15. The first is V2 of lesson 03. Its epoch log there was one draw out of these.

recipes = {  # name: hidden units, optimizer, learning rate, epochs
    "2-10-10-1, SGD lr 0.1, 1000 epochs": (10, torch.optim.SGD, 0.1, 1000),
    "2-10-10-1, Adam lr 0.02, 100 epochs": (10, torch.optim.Adam, 0.02, 100),
    "2-16-16-1, Adam lr 0.02, 100 epochs": (16, torch.optim.Adam, 0.02, 100),
}
print(f"\n4. Test accuracy in % over {N_SEEDS} seeds (chance 50, best straight line 60.2, best possible 99.91)")
networks, test_accs = {}, {}
for name, (width, optimizer_class, lr, epochs) in recipes.items():
    networks[name] = [build(seed, width).to(device) for seed in range(N_SEEDS)]
    train_together(networks[name], X_train, y_train, loss_fn, optimizer_class, lr, epochs)
    right = [logits_to_labels(model(X_test)) == y_test for model in networks[name]]
    accs = test_accs[name] = [100 * each.double().mean().item() for each in right]
    print(f"   {name:36}  worst {min(accs):5.1f}  median {np.median(accs):6.2f}  best {max(accs):5.1f}")
sgd_accs, adam_accs, wide_accs = test_accs.values()
sgd_networks = networks["2-10-10-1, SGD lr 0.1, 1000 epochs"]
order = np.argsort(sgd_accs)  # seeds of the first recipe, worst first

# %% 5. NEW: two kinds of luck
# Luck has two sources: the seed of the network, and which points happen to be in the test set. Hold one still and look
# at the other. Many networks, one test set of 20,000 new points: luck of the seed. One network, a hundred test sets of
# 200 points: luck of the points. The formula agrees: a share p of n points varies by sqrt(p (1 - p) / n).

fresh_right = [(logits_to_labels(model(X_fresh)) == y_fresh).double() for model in sgd_networks]
seed_std = 100 * torch.stack(fresh_right).mean(dim=1).std().item()  # [16, 20000] -> [16] -> one number
middle_right = fresh_right[order[N_SEEDS // 2]]  # [20000], of the seed in the middle
point_std = 100 * middle_right.reshape(100, 200).mean(dim=1).std().item()  # [100, 200] -> [100] -> one number
by_formula = 100 * (middle_right.mean() * (1 - middle_right.mean()) / 200).sqrt().item()

print("\n5. Two kinds of luck with SGD, as standard deviation in percentage points")
print(f"   Which 200 points are in the test set: {point_std:5.2f}, by the formula {by_formula:.2f}")
print(f"   Which seed the network has:           {seed_std:5.2f}")

# %% 6. When does a difference mean something?
# Two people run the same recipe with one seed each. How often do they differ by 10 points or more? All pairs of our
# seeds say. To trust a difference, average: the mean of n seeds varies by 1 / sqrt(n) of what one seed varies.
# A difference of two means is beyond luck, with 95 % confidence, if it is more than 1.96 sqrt(2) std / sqrt(n).
# Solve for n. The same sum for test points: 98 % against 99 % takes more points than most test sets have.

apart = np.abs(np.subtract.outer(sgd_accs, sgd_accs))[np.triu_indices(N_SEEDS, 1)]  # [120], one value a pair
pairs_apart = 100 * (apart >= 10).mean()  # percent
seeds_needed = int(np.ceil(2 * (1.96 * seed_std / GAP) ** 2))
points_needed = int(np.ceil((1.96 / 0.01) ** 2 * (0.98 * 0.02 + 0.99 * 0.01)))

print("\n6. When does a difference mean something?")
print(f"   Same recipe, two seeds: 10 points or more apart in {pairs_apart:.0f}% of {len(apart)} pairs")
print("   Mean of n seeds, 95% band: " + ", ".join(f"n={n} +-{1.96 * seed_std / n**0.5:.1f}" for n in (1, 4, 16, 64)))
print(f"   Before {GAP:.0f} points mean something with SGD: {seeds_needed} seeds for each recipe")
print(f"   Before 98% against 99% means something: {points_needed} test points for each model")

# %% 7. Look
# What to see: with SGD the points lie anywhere from chance to nearly perfect. Adam is all or nothing on the narrow
# network, and sure on the wider one. In the second figure one recipe gives three networks that share nothing.

fig, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
for row, accs in enumerate(test_accs.values()):
    ax.scatter(accs, row + np.linspace(-0.2, 0.2, N_SEEDS), s=22, color="#0072B2")  # spread: equal ones stay visible
    ax.plot([np.median(accs)] * 2, [row - 0.32, row + 0.32], color="black")
for level, label in ((50, "chance"), (60.2, "best straight line"), (99.91, "best possible")):
    ax.axvline(level, color="0.45", linewidth=0.8, linestyle="--", zorder=0)
    ax.text(level, -0.53, label, ha="center", fontsize=9, color="0.3")  # above the axes: the y axis points down
ax.set(yticks=range(3), yticklabels=[name.replace(", ", "\n") for name in recipes], xlabel="test accuracy in %")
ax.set_ylim(2.5, -0.5)
fig.suptitle(f"Circles, {N_SEEDS} seeds a recipe: a point is a seed, black the median")
save_figure(fig, "13_strips.png")

fig, axes = plt.subplots(1, 3, figsize=(10, 4.1), layout="constrained")
for ax, word, seed in zip(axes, ("worst", "middle", "best"), order[[0, N_SEEDS // 2, -1]], strict=True):
    plot_decision_boundary(sgd_networks[seed], X_test, y_test, ax=ax, limits_from=X)
    ax.set_title(f"{word}: seed {seed}, {ax.get_title()}")
fig.suptitle("One recipe, three seeds: 2-10-10-1 with ReLU on circles, SGD lr 0.1, 1000 epochs, test points")
save_figure(fig, "13_same_recipe.png")

# %% 8. What we learned
# "It scores 95 %" and "it scores 70 %" can be the same network with another seed. Report how many seeds you ran, and
# their spread. What 16 seeds tell: 1000 epochs of SGD are a lottery, and Adam on the wider network is not. What they do
# not tell: how often Adam fails on the narrow network. It failed once; for a rate that small, run hundreds of seeds.
# What one seed cannot tell: which of two recipes is better, unless they differ by far more than the spread.

results = {
    "loss_difference": loss_difference,
    "sgd_worst": min(sgd_accs),
    "sgd_median": float(np.median(sgd_accs)),
    "sgd_best": max(sgd_accs),
    "adam_worst": min(adam_accs),
    "wide_worst": min(wide_accs),
    "seed_std": seed_std,
    "point_std": point_std,
    "pairs_10_points_apart": pairs_apart,
    "seeds_needed": seeds_needed,
}
save_results("13_seeds_and_luck", results)

# %% 9. Try it
# - Give SGD 1500 epochs (recipes in section 4). Predict: does the spread shrink, or does only the median rise?
# - Set GAP = 2. Predict how the number of seeds grows before you look: the gap is 2.5 times smaller.
# - Set N_TOGETHER = 8, then 256. Predict where the gain is larger, and why.
