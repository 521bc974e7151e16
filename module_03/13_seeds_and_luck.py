"""Lesson 13: Seeds and luck

Question: Is that number luck?
You will learn:
    - to measure how much a result owes to the seed of the first weights
    - to measure how much it owes to the points that happen to be in the test set
    - to tell when a difference between two results means something
Builds on: Lessons 03 and 05
Guide: docs/12-reproducibility.md, 15 minutes
Minutes: 10
Run: python module_03/13_seeds_and_luck.py
Writes:
    outputs/13_strips.png - test accuracy of two recipes, one dot per network
    outputs/13_same_recipe.png - the boundaries of three networks of one recipe
"""

# %% Setup
import math

import numpy as np
import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import (
    Recorder,
    accuracy_fn,
    logits_to_labels,
    pick_device,
    plot_boundaries,
    plot_strips,
    save_figure,
    save_player,
    save_results,
    t_factor,
    wilson_interval,
)

SEED = 42  # data and split; each network has a seed of its own
EPOCHS = 1000  # of the first recipe
GAP = 5.0  # percentage points: a difference that we want to be sure of
FIRST = 11  # seed of one network that we compare in section 13
SECOND = 14  # seed of the other one

device = pick_device()

# %% 1. Data
# The circles again. In this lesson data and split never change. So what differs between
# two networks comes from somewhere else.
#
# We also draw 20,000 fresh points from the same circles. No network learns from them.
# There are so many of them that they show how good a network really is.

X, y = make_circles(1000, noise=0.03, random_state=SEED)
X = torch.from_numpy(X).float().to(device)  # [1000, 2]
y = torch.from_numpy(y).float().to(device)  # [1000]
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, random_state=SEED
)  # 800 and 200 points

X_fresh, y_fresh = make_circles(20_000, noise=0.03, random_state=SEED + 1)
X_fresh = torch.from_numpy(X_fresh).float().to(device)  # [20000, 2]
y_fresh = torch.from_numpy(y_fresh).float().to(device)  # [20000]

print("1. Data")
print(f"   training set: {len(X_train)} points")
print(f"   test set:     {len(X_test)} points")
print(f"   fresh:        {len(X_fresh)} points")

# %% 2. Luck alone: networks that have learned nothing
# The seed decides the first weights. How many points can these weights alone get right?
# We build the network of lesson 01 a hundred times, each time with another seed, and
# train none of them.
#
# measure() returns the accuracy of a network on some points, in percent.
#
# Question: by chance, half of the points are right. How far above is the luckiest one?


def measure(model, X, y):
    with torch.inference_mode():
        preds = logits_to_labels(model(X))  # [N], each 0 or 1
    return accuracy_fn(y, preds)


untrained_accs = []
for seed in range(100):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 5), nn.Linear(5, 1)).to(device)
    untrained_accs.append(measure(model, X_test, y_test))

untrained_mean_acc = sum(untrained_accs) / len(untrained_accs)
untrained_best_acc = max(untrained_accs)

print(f"\n2. {len(untrained_accs)} untrained networks 2-5-1, accuracy on the test set")
print(f"   worst {min(untrained_accs):.2f}%")
print(f"   mean  {untrained_mean_acc:.2f}%")
print(f"   best  {untrained_best_acc:.2f}%")

# Answer: the mean is 49.49 %, and the luckiest network gets 58.50 % without any
# training. Somebody who saw only that one could take it for a success.

# %% 3. Model
# CircleModel is V2 of lesson 03: three linear layers with ReLU between them. Its width
# is the number of hidden units per layer.


class CircleModel(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, 1),
        )

    def forward(self, X):
        return self.layers(X)  # [N, 2] -> [N, 1]


print("\n3. The model: three linear layers with ReLU between them")

# %% 4. Training, as a function
# train() has the five steps of lesson 02. While it trains, it measures nothing on the
# test set: we look at that once, at the end. It keeps the losses, and the recorder
# keeps the weights for the page that section 9 writes.


def train(model, optimizer, X, y, epochs):
    loss_fn = nn.BCEWithLogitsLoss()
    recorder = Recorder(model, epochs)
    losses = []
    for epoch in range(epochs):
        logits = model(X).squeeze(1)  # [800, 1] -> [800]
        loss = loss_fn(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        recorder.snapshot(epoch)
    return recorder, {"train_loss": losses}


print(f"\n4. Training: {len(X_train)} points at once, so one step per epoch")


# %% 5. One recipe, 16 seeds
# A recipe is all that we choose: the network, the optimizer, the learning rate, the
# number of epochs. In lesson 03, V2 got 86.5 % of the test points right after 1000
# epochs, with seed 42.
#
# Now we train the same network in the same way with 16 other seeds, in a plain loop.
# Only the first weights differ: points, steps and number of epochs stay the same. We
# keep all networks, because the later sections measure them again.
#
# Question: how far apart will the worst and the best network be?

models = []
recorders = []
histories = []
sgd_accs = []
print(f"\n5. 2-10-10-1, SGD, {EPOCHS} epochs: test accuracy in % by seed")
for seed in range(16):
    torch.manual_seed(seed)
    model = CircleModel(10).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder, history = train(model, optimizer, X_train, y_train, EPOCHS)
    acc = measure(model, X_test, y_test)
    print(f"   {acc:.1f}", end="")
    if seed % 8 == 7:
        print()  # the next line, after eight seeds

    sgd_accs.append(acc)
    models.append(model)
    recorders.append(recorder)
    histories.append(history)

# %% 6. What the 16 numbers say
# The median is the value in the middle: half of the networks are better, half worse.
#
# Now imagine two people who both use this recipe, each with one seed. How often would
# their results be 10 points or more apart? We look at every pair of two seeds.

n_seeds = len(sgd_accs)
order = np.argsort(sgd_accs)  # the seeds, from the worst network to the best one
worst = int(order[0])
middle = int(order[n_seeds // 2])
best = int(order[-1])
sgd_median = float(np.median(sgd_accs))

n_pairs = 0
n_far_apart = 0
for i in range(n_seeds):
    for j in range(i):
        n_pairs += 1
        difference = sgd_accs[i] - sgd_accs[j]
        if abs(difference) >= 10:
            n_far_apart += 1
pairs_10_points_apart = 100 * n_far_apart / n_pairs  # percent

print("\n6. One recipe: how far apart are its networks?")
print(f"   worst  {sgd_accs[worst]:.1f}% (seed {worst})")
print(f"   median {sgd_median:.1f}%")
print(f"   best   {sgd_accs[best]:.1f}% (seed {best})")
print(f"   {n_far_apart} of {n_pairs} pairs are 10 points or more apart")

# Answer: from 53.5 % to 98.5 %. In two of three pairs, one person would think that they
# have found a better recipe. They have not: it is the same recipe.

# %% 7. A recipe that needs less luck
# Another recipe has wider layers, and Adam in place of SGD. Adam is the optimizer that
# gives each parameter a step length of its own. Eight seeds are enough to see what this
# recipe does.
#
# And we train one network more: the first recipe's worst seed, with Adam but without
# the wider layers. Question: is Adam alone enough to save it?

wide_accs = []
for seed in range(8):
    torch.manual_seed(seed)
    model = CircleModel(16).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    train(model, optimizer, X_train, y_train, 100)
    wide_accs.append(measure(model, X_test, y_test))
wide_worst = min(wide_accs)

torch.manual_seed(worst)
model_adam = CircleModel(10).to(device)
optimizer = torch.optim.Adam(model_adam.parameters(), lr=0.02)
recorder_adam, history_adam = train(model_adam, optimizer, X_train, y_train, 100)
adam_worst = measure(model_adam, X_test, y_test)

print("\n7. Adam, 100 epochs")
print(f"   2-16-16-1: the worst of {len(wide_accs)} seeds reaches {wide_worst:.1f}%")
print(f"   2-10-10-1 with seed {worst} reaches {adam_worst:.1f}%")

# Answer: no. With seed 10 the narrow network stays near chance, with Adam too. The
# wide one gets every test point right, with each of its seeds.

# %% 8. Look: both recipes, all seeds
# One row per recipe, and one dot per network.

strips = {
    f"2-10-10-1, SGD\nlr 0.1, {EPOCHS} epochs": sgd_accs,
    "2-16-16-1, Adam\nlr 0.02, 100 epochs": wide_accs,
}
fig = plot_strips(strips, {"chance": 50, "all right": 100})
fig.suptitle(f"Circles: one dot per seed, {len(X_test)} test points")
print("\n8. A picture of all networks")
save_figure(fig, "13_strips.png")
# What to see: each dot is a network, and the black line is the median. Dots of one row
# lie higher or lower only to keep them apart. The first recipe is a lottery. With the
# second one, every network reaches the same accuracy.

# %% 9. Look: three networks of one recipe
# Here are the worst network, the middle one and the best one of the first row. They
# differ only in their seed.

three = {
    f"worst: seed {worst}": models[worst],
    f"middle: seed {middle}": models[middle],
    f"best: seed {best}": models[best],
}
fig = plot_boundaries(three, X_test, y_test, limits_from=X)
fig.suptitle(f"Circles, one recipe: 2-10-10-1, SGD lr 0.1, {EPOCHS} epochs")
print("\n9. A picture of three networks")
save_figure(fig, "13_same_recipe.png")
# What to see: the worst network has found no more than a line, the middle one a shape
# that is open at the top right, the best one a closed curve.
#
# save_player() writes a page for the browser. It shows why the worst network fails: in
# its first layer, 7 of 10 units are dead before any step. They return 0 for every
# point, so they never learn.
#
# Patience hardly helps it: after 20,000 epochs it gets 66.5 %.

data = (X_train, X_test, y_train, y_test)
runs = {
    f"SGD, seed {worst}": (recorders[worst], histories[worst]),
    f"SGD, seed {middle}": (recorders[middle], histories[middle]),
    f"SGD, seed {best}": (recorders[best], histories[best]),
    f"Adam, seed {worst}": (recorder_adam, history_adam),
}
save_player("13_seeds_and_luck", data, runs)

# %% 10. Two kinds of luck
# The seed is one kind of luck. Which points are in the test set is the other. To see
# each of them alone, we hold the other one still.
#
# First we take many networks and one large test set, the fresh points. Now the
# accuracies differ only because of the seed. Their standard deviation says how much
# they differ: it is, roughly, the typical distance of a value from the mean.
#
# Then we take one network, the middle one, and many small test sets: we cut the fresh
# points into sets as large as our test set. Now only the test points differ.
#
# Question: which kind of luck is larger here, the seed or the test points?

fresh_accs = []
for model in models:
    fresh_accs.append(measure(model, X_fresh, y_fresh))
seed_std = float(np.std(fresh_accs, ddof=1))  # ddof=1: divide by n - 1, not by n

with torch.inference_mode():
    preds = logits_to_labels(models[middle](X_fresh))  # [20000]
right = preds == y_fresh  # [20000], True where the middle network is right
n_points = len(X_test)
n_sets = len(right) // n_points
right_by_set = right.reshape(n_sets, n_points)  # [100, 200], one row per test set
n_right_by_set = right_by_set.sum(dim=1).tolist()  # 100 plain numbers

set_accs = []
for n_right in n_right_by_set:
    set_accs.append(100 * n_right / n_points)
point_std = float(np.std(set_accs, ddof=1))

print("\n10. Two kinds of luck, as standard deviation in percentage points")
print(f"   which seed:        {seed_std:.2f}")
print(f"   which test points: {point_std:.2f}")

# Answer: the seed. It matters about six times as much as the test points. A larger test
# set would measure each network better. It would not bring the networks together.

# %% 11. An interval for the luck of the test points
# Usually you have one test set and no fresh points. Then you know the accuracy on that
# set, and not the true accuracy, on all points that could come. But you can name an
# interval around it, in which the truth probably lies.
#
# wilson_interval(right, n) computes such a 95 % interval from one test set: right is
# the number of right answers, n the number of points. It returns both ends, in percent.
#
# Here we can check it, because the fresh points tell the truth about this network.
#
# Question: each of our small test sets gives an interval. How many hold the truth?

truth = fresh_accs[middle]
intervals_that_hold = 0
for n_right in n_right_by_set:
    low, high = wilson_interval(n_right, n_points)
    if low <= truth <= high:
        intervals_that_hold += 1

print("\n11. Intervals of the middle network, one per small test set")
print(f"   the last one: {low:.1f} to {high:.1f}%, truth {truth:.1f}%")
print(f"   {intervals_that_hold} of {n_sets} intervals hold the truth")

# Answer: 93 of 100. That is what the name says: about 95 % of such intervals hold the
# truth. They cover the luck of the test points only, and know nothing of seeds.

# %% 12. How many seeds?
# For a recipe, the mean over n seeds says more than one seed, because good and bad luck
# partly cancel. The standard deviation of such a mean is std / sqrt(n), where std is
# the standard deviation over the seeds.
#
# The 95 % interval of the mean is the mean plus or minus t * std / sqrt(n). The factor
# t is about 1.96 for very many seeds. It is larger for few of them, because then std is
# itself a matter of luck. It is called Student's t, and t_factor(n) returns it.
#
# Question: how many seeds does it take before a gap of 5 points between the means of
# two such recipes is more than luck?
#
# Each of the two means has its own luck. Both kinds of luck together are not twice as
# large as one of them, because they partly cancel: the factor is sqrt(2). And n will be
# large, so t is about 1.96. Therefore the gap must be larger than
#
#     t * std * sqrt(2) / sqrt(n)
#
# Set this equal to the gap and square both sides. Then n stands alone on one side.

print("\n12. How many seeds?")
for n in (2, 4, 8, 16):
    print(f"   t for {n:2d} seeds: {t_factor(n):5.2f}")

mean_acc = float(np.mean(fresh_accs))
mean_half_width = t_factor(n_seeds) * seed_std / math.sqrt(n_seeds)
seeds_needed = math.ceil(2 * (1.96 * seed_std / GAP) ** 2)

print(f"   mean of {n_seeds} seeds: {mean_acc:.1f}%", end="")
print(f" plus or minus {mean_half_width:.1f} points")
print(f"   a gap of {GAP:.1f} points needs {seeds_needed} seeds per recipe")

# Answer: 81, far more than most people run. And it is a rough number, because std comes
# from 16 seeds only. Guide 12 says how rough. For the second recipe a few seeds are
# enough, because they all agree.

# %% 13. Two networks, one test set
# Now somebody has two trained networks and asks which one is better. Both were measured
# on the same 200 points. Should we compare their intervals?
#
# We can do better, because the points are the same. A point that both get right does
# not tell which one is better, and neither does a point that both get wrong. We count
# the others: those that only the first gets right, and those that only the second does.

with torch.inference_mode():
    preds_first = logits_to_labels(models[FIRST](X_test))  # [200]
    preds_second = logits_to_labels(models[SECOND](X_test))  # [200]
right_first = preds_first == y_test  # [200], True or False
right_second = preds_second == y_test
only_first = (right_first & ~right_second).sum().item()  # & is and, ~ is not
only_second = (right_second & ~right_first).sum().item()

print("\n13. Two networks, one test set")
for seed, right in ((FIRST, right_first), (SECOND, right_second)):
    low, high = wilson_interval(right.sum().item(), n_points)
    print(f"   seed {seed:2d}: {sgd_accs[seed]:.1f}%,", end="")
    print(f" interval {low:.1f} to {high:.1f}%")
print(f"   only seed {FIRST} is right at {only_first} points")
print(f"   only seed {SECOND} is right at {only_second} points")

# %% 14. Is the difference luck?
# Question: the two intervals overlap. Does that mean that the difference is luck?
#
# If both networks were equally good, each of the points that we counted would be a toss
# of a coin: heads for one network, tails for the other.
#
# Now toss a coin once for each such point, and do that again and again. In which share
# of the cases are heads and tails as uneven as here, or more uneven? This share is the
# p-value.
#
# If it is below 0.05, people usually say that the difference is more than luck. This is
# McNemar's test. It is a paired test, because each point is given to both networks.

tosses = only_first + only_second
fewer = min(only_first, only_second)
chance = 0.0
for heads in range(fewer + 1):  # 0, 1, ..., fewer
    ways = math.comb(tosses, heads)  # results that have this number of heads
    chance += ways / 2**tosses  # of all results, each equally likely
p_value = min(1.0, 2 * chance)  # twice: the other network could be ahead as well

print(f"\n14. The p-value is {p_value:.3f}")
if p_value < 0.05:
    print("   The difference is more than luck of the test points.")
else:
    print("   These test points cannot tell which network is better.")
print(f"   fresh points: seed {FIRST} {fresh_accs[FIRST]:.2f}%,", end="")
print(f" seed {SECOND} {fresh_accs[SECOND]:.2f}%")

# Answer: no. With the seeds 11 and 14 the intervals overlap, and still the p-value is
# below 0.05. The paired test sees more, because points that are easy for both or hard
# for both drop out. The fresh points agree with it.
#
# A p-value above 0.05 would not say that both are equally good. It would only say that
# these test points cannot tell.
#
# Mind what was compared: two networks, not two recipes. Both come from one recipe. To
# compare recipes, take several seeds of each, as in section 12.

# %% 15. What we learned
# A result has two kinds of luck in it, the seed and the test points. More seeds help
# against the first one, more test points against the second. If you have few points,
# cross-validation makes the most of them: each part of the data is the test set once.
#
# So report three things: the number, its spread, and how many seeds and test points it
# comes from. Compare two networks on the same points, with McNemar's test. Compare two
# recipes over several seeds.

results = {
    "untrained_mean_acc": untrained_mean_acc,
    "untrained_best_acc": untrained_best_acc,
    "sgd_worst": sgd_accs[worst],
    "sgd_median": sgd_median,
    "sgd_best": sgd_accs[best],
    "pairs_10_points_apart": pairs_10_points_apart,
    "wide_worst": wide_worst,
    "adam_worst": adam_worst,
    "seed_std": seed_std,
    "point_std": point_std,
    "intervals_that_hold": intervals_that_hold,
    "mean_acc": mean_acc,
    "mean_half_width": mean_half_width,
    "seeds_needed": seeds_needed,
    "only_first": only_first,
    "only_second": only_second,
    "p_value": p_value,
}
save_results("13_seeds_and_luck", results)

# %% 16. Try it
# Predict first, then change one number at the top and run the lesson again.
# 1. Set EPOCHS = 1500. Does the standard deviation over the seeds shrink?
# 2. Set GAP = 2.0. How many seeds does it take now?
# 3. Set FIRST = 5 and SECOND = 12. Which network is better on the test set, and which
#    one on the fresh points?
#
# Answers:
# 1. It does, to 11.99. The median rises to 99.0 %, and the worst network still ends at
#    54.5 %.
# 2. 505, about six times as many. The gap is less than half as large, and it counts
#    squared.
# 3. Seed 12 on the test set, but seed 5 on the fresh points. The p-value of 0.815 was
#    right: these test points cannot tell.
