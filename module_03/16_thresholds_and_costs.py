"""Lesson 16: Thresholds and costs

Question: Where do we draw the line between yes and no?
You will learn:
    - to choose a threshold by what mistakes cost
    - to read a ROC curve and a precision-recall curve
    - to tell honest probabilities from weighted ones
Builds on: Lessons 05 and 08
Guide: docs/07-evaluation-metrics.md, 16 minutes
Minutes: 10
Run: python module_03/16_thresholds_and_costs.py
Writes:
    outputs/16_costs.png - what the mistakes cost at each threshold
    outputs/16_thresholds.png - the same network with two thresholds, as two maps
    outputs/16_curves.png - ROC curve and precision-recall curve
    outputs/16_calibration.png - what probabilities promise and what happens, without and with a class weight
"""

# %% Setup
import math

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import make_blobs
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import (
    accuracy_fn,
    fit,
    pick_device,
    plot_calibration,
    plot_costs,
    plot_decision_boundary,
    plot_threshold_curves,
    print_history,
    print_table,
    save_figure,
    save_results,
    true_probs,
)

MISS_COST = 10  # an ill person who is sent home costs as much as so many false alarms
COUNTS = [4500, 350, 150]  # people: healthy, illness A, illness B
CENTERS = [[0, 0], [2, 1], [1.5, -2]]  # mean of the two lab values in each group
SPREADS = [1, 0.7, 0.7]  # standard deviation in each group, so the groups overlap
EPOCHS = 200  # as in lesson 05
LOG_EVERY = 40  # epochs between two lines of the log
LEARNING_RATE = 0.02  # for Adam
RARE_WEIGHT = 9.0  # in section 7: nine healthy people for each ill one
WEIGHT_EPOCHS = 300  # of the linear models in section 7
N_BINS = 5  # bins of probabilities: 0 to 0.2, 0.2 to 0.4, and so on
N_DRAWN = 300  # test people on the maps; more would hide each other
SEED = 42  # of the data, the splits and the first weights

device = pick_device()

# %% 1. Data and model: the people of lesson 05
# The same 5000 people, the same three parts, the same network. One person in ten is ill.
# Lesson 05 explains each line.

X_numpy, kind_numpy = make_blobs(
    COUNTS, centers=CENTERS, cluster_std=SPREADS, random_state=SEED
)
X = torch.from_numpy(X_numpy).float()  # [5000, 2]
kind = torch.from_numpy(kind_numpy)  # [5000], each 0, 1 or 2

X_train, X_rest, kind_train, kind_rest = train_test_split(
    X, kind, test_size=0.4, random_state=SEED, stratify=kind
)
X_val, X_test, kind_val, kind_test = train_test_split(
    X_rest, kind_rest, test_size=0.5, random_state=SEED, stratify=kind_rest
)
X_train = X_train.to(device)
X_val = X_val.to(device)
X_test = X_test.to(device)
y_train = (kind_train > 0).float().to(device)  # [3000]
y_val = (kind_val > 0).float().to(device)  # [1000]

torch.manual_seed(SEED)
model = nn.Sequential(
    nn.Linear(2, 16),
    nn.ReLU(),
    nn.Linear(16, 16),
    nn.ReLU(),
    nn.Linear(16, 1),
).to(device)
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)

# %% 2. Train
# fit() measures on the validation set. The test set waits.

print(f"2. Training 2-16-16-1 for {EPOCHS} epochs")
history = fit(model, X_train, X_val, y_train, y_val, loss_fn, optimizer, EPOCHS)
print_history(history, LOG_EVERY, measured_on="Validation")

with torch.inference_mode():
    val_logits = model(X_val).squeeze(1).cpu()  # [1000, 1] -> [1000]
    test_logits = model(X_test).squeeze(1).cpu()  # [1000]
val_probs = torch.sigmoid(val_logits)  # P(ill) of each person
test_probs = torch.sigmoid(test_logits)
y_val = (kind_val > 0).long()  # [1000], on the CPU from here on
y_test = (kind_test > 0).long()  # [1000]

# %% 3. Would a better network do?
# With the threshold 0.5 this network misses nearly half of the ill people. Would more
# training or more layers help?
#
# We made these people ourselves, so we know how likely each of them really is to be
# ill. true_probs() computes it from the numbers in Setup. No network can know more. So
# whoever says "ill" where this probability is at least 0.5 is the best possible model.


def count_mistakes(y_true, probs, threshold):
    called_ill = probs >= threshold  # [N], each True or False
    is_ill = y_true == 1  # [N]
    misses = (is_ill & ~called_ill).sum()
    false_alarms = (~is_ill & called_ill).sum()
    return int(misses), int(false_alarms)


kind_probs = true_probs(X_test.cpu(), COUNTS, CENTERS, SPREADS)  # [1000, 3]
best_probs = 1 - kind_probs[:, 0]  # [1000], column 0 is "healthy"
best_preds = (best_probs >= 0.5).long()
best_acc = accuracy_fn(y_test, best_preds)
best_misses, _ = count_mistakes(y_test, best_probs, 0.5)
network_misses, _ = count_mistakes(y_test, test_probs, 0.5)

print("\n3. Ill people who are missed at the threshold 0.5")
print("By the network:            ", network_misses)
print("By the best possible model:", best_misses)
print(f"Accuracy of the best possible model: {best_acc:.1f}%")

# %% 4. The threshold that costs least
# A better network is no help: the groups overlap. But the threshold is ours to choose.
#
# Say that a miss costs as much as ten false alarms. Take one person with the
# probability p. An alarm is wrong with the probability 1 - p, so it costs 1 - p on
# average. No alarm is wrong with the probability p, so it costs 10 p. Both cost the
# same at p = 1/11. Above that an alarm is cheaper.
#
# That holds if the probabilities are honest. We can also try: compute the cost of many
# thresholds on the validation set, and take the cheapest. Never choose on the test set.
# It tells the price of the choice, and a price is only fair on people who had no part
# in it.
#
# Which threshold will the validation set choose?

thresholds = [i / 100 for i in range(101)]  # 0.00, 0.01, ..., 1.00
val_costs = []
test_costs = []
for threshold in thresholds:
    misses, false_alarms = count_mistakes(y_val, val_probs, threshold)
    val_costs.append(MISS_COST * misses + false_alarms)
    misses, false_alarms = count_mistakes(y_test, test_probs, threshold)
    test_costs.append(MISS_COST * misses + false_alarms)

cheapest = val_costs.index(min(val_costs))  # its position; the first one, if several
chosen = thresholds[cheapest]
theory = 1 / (MISS_COST + 1)
print("\n4. The threshold that costs least")
print(f"By theory:                  {theory:.2f}")
print(f"Chosen on the validation set: {chosen:.2f}")

# %% 5. What the choice costs
# Now the test set tells the price. "Everybody" gets an alarm at the threshold 0. At
# the threshold 1 nobody does, because no probability is that high. How much does the
# usual 0.5 cost more than the chosen threshold?

choices = {"everybody": 0.0, "one half": 0.5, "theory": theory, "chosen": chosen}
rows = []
misses_at = {}
cost_at = {}
for name, threshold in choices.items():
    misses, false_alarms = count_mistakes(y_test, test_probs, threshold)
    misses_at[name] = misses
    cost_at[name] = MISS_COST * misses + false_alarms
    rows.append([name, f"{threshold:.3f}", misses, false_alarms, cost_at[name]])

print("\n5. What the choice costs on the test set, in false alarms")
print_table(["", "threshold", "misses", "false alarms", "cost"], rows)

costs = {"validation set": val_costs, "test set": test_costs}
ax = plot_costs(thresholds, costs, chosen)
ax.set_title(f"A miss costs {MISS_COST} false alarms; 2-16-16-1, seed {SEED}")
save_figure(ax.figure, "16_costs.png")
# See in 16_costs.png: left of the dashed line the false alarms cost, right of it the
# misses. Near its lowest point the curve is flat, so the exact threshold matters little.
# To leave it at 0.5 matters much.

# %% 6. Look: two thresholds, one network
# The network has not changed. Only the line moves to where its probability is lower.

names = ["healthy", "ill"]
X_drawn = X_test[:N_DRAWN]
y_drawn = y_test[:N_DRAWN]
fig, axes = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
for ax, threshold in zip(axes, [0.5, chosen], strict=True):
    misses, false_alarms = count_mistakes(y_test, test_probs, threshold)
    plot_decision_boundary(
        model,
        X_drawn,
        y_drawn,
        ax,
        class_names=names,
        threshold=threshold,
        rings=False,
    )
    ax.set_title(f"{threshold:.2f}: {misses} misses, {false_alarms} false alarms")
fig.suptitle(f"2-16-16-1 with two thresholds, {len(y_drawn)} of the test people")

print("\n6. A picture of two thresholds")
save_figure(fig, "16_thresholds.png")
# See in 16_thresholds.png: the colours are the same, the black line is not. On the
# right it runs through the crowd of the healthy people. Few ill people are left on the
# wrong side, and many healthy ones get an alarm.

# %% 7. All thresholds at once
# What if nobody can tell you the costs? Then look at all thresholds at once. There are
# two usual pictures, and one number.
#
# The ROC curve draws the recall against the false alarm rate, the share of the healthy
# people who get an alarm. Each point of the curve belongs to one threshold. The area
# under the curve is called AUC. It is the chance that an ill person gets a higher
# probability than a healthy one. Guessing gets 0.5, and a perfect order gets 1.
#
# The precision-recall curve draws the precision against the recall. Guessing gets a
# precision as high as the share of ill people. So this curve looks stricter where a
# class is rare.
#
# Both describe the network on the test set. We choose nothing by them.

ill_probs = test_probs[y_test == 1]  # [100]
healthy_probs = test_probs[y_test == 0]  # [900]
n_higher = 0
for prob in ill_probs:
    below = healthy_probs < prob  # [900], True for each healthy person below this one
    n_higher += int(below.sum())
n_pairs = len(ill_probs) * len(healthy_probs)
auc = n_higher / n_pairs
sklearn_auc = roc_auc_score(y_test, test_probs)

print("\n7. All thresholds at once")
print("Pairs of an ill and a healthy person:", n_pairs)
print("Pairs in which the ill one is higher:", n_higher)
print(f"AUC by hand:         {auc:.4f}")
print(f"AUC by scikit-learn: {sklearn_auc:.4f}")

fig, axes = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
plot_threshold_curves(y_test, test_probs, axes, thresholds=[0.5, chosen])
fig.suptitle(f"2-16-16-1 on the test set at all thresholds, seed {SEED}")
save_figure(fig, "16_curves.png")
# See in 16_curves.png: both curves lie far from the dashed line of guessing. The lower
# threshold finds more of the ill people, so it is further up on the left, and further
# right on the right. There the precision is much lower.
#
# The right curve does not only fall. At its left end few people are called ill, so each
# of them moves the precision a lot.

# %% 8. Are the probabilities honest?
# The theory in section 4 needs honest probabilities. Of all people with a probability
# near 0.3, three in ten should be ill. This is called calibration.
#
# To check it, we sort the people into bins by their probability. In each bin we compare
# the mean probability, which is the promise, with the share of ill people, which is
# what happened.

rows = []
for k in range(N_BINS):
    low = k / N_BINS
    high = (k + 1) / N_BINS
    inside = (test_probs >= low) & (test_probs < high)  # [1000], True in this bin
    promised = test_probs[inside].mean()
    happened = y_test[inside].float().mean()
    name = f"{low:.1f} to {high:.1f}"
    rows.append([name, len(y_test[inside]), f"{promised:.2f}", f"{happened:.2f}"])

print("\n8. Are the probabilities honest?")
print_table(["probability", "people", "promised", "happened"], rows)

# %% 9. A weight for the rare class
# They are, as well as bins with so few people can tell. Most people are in the first
# bin.
#
# There is another remedy for a rare class: let each ill person count several times in
# the loss. BCEWithLogitsLoss does it with pos_weight. We take 9, because there are nine
# healthy people for each ill one.
#
# A linear model shows best what happens. It has two weights and a bias, and we have
# new, simpler people for it: one illness, one person in ten.
#
# Is the model with the weight better? What becomes of its probabilities?

X_numpy, y_numpy = make_blobs([1800, 200], centers=[[0, 0], [2, 1]], random_state=SEED)
X = torch.from_numpy(X_numpy).float().to(device)  # [2000, 2]
y = torch.from_numpy(y_numpy).float().to(device)  # [2000]
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.5, random_state=SEED, stratify=y_numpy
)

pos_weight = torch.tensor(RARE_WEIGHT, device=device)
loss_fns = {
    "no weight": nn.BCEWithLogitsLoss(),
    "pos_weight": nn.BCEWithLogitsLoss(pos_weight=pos_weight),
}
models = {}
for name, loss_fn in loss_fns.items():
    torch.manual_seed(SEED)
    model = nn.Linear(2, 1).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    fit(model, X_train, X_test, y_train, y_test, loss_fn, optimizer, WEIGHT_EPOCHS)
    models[name] = model

# %% 10. The same weight in CrossEntropyLoss
# CrossEntropyLoss has the argument weight, with a factor per class. It wants one logit
# per class. A binary model has only the logit of class 1, so we give class 0 the logit
# 0. That is the same model, because softmax of 0 and z is the sigmoid of z.
#
# The loss has other inputs now, so we write the five steps out.

class_weights = torch.tensor([1.0, RARE_WEIGHT], device=device)
loss_fn = nn.CrossEntropyLoss(weight=class_weights)
labels = y_train.long()  # [1000], CrossEntropyLoss wants whole numbers

torch.manual_seed(SEED)
model = nn.Linear(2, 1).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
for _ in range(WEIGHT_EPOCHS):
    # 1. Forward pass: the logit of class 1, and 0 for class 0
    logit_1 = model(X_train).squeeze(1)  # [1000]
    logit_0 = torch.zeros_like(logit_1)  # [1000]
    logits = torch.stack([logit_0, logit_1], dim=1)  # [1000, 2]
    # 2. Loss
    loss = loss_fn(logits, labels)
    # 3. Forget the old gradients
    optimizer.zero_grad()
    # 4. Backward pass
    loss.backward()
    # 5. Step
    optimizer.step()
models["weight"] = model

# %% 11. What the weight changes
# We compare the three models on the test set, with the threshold 0.5 for all of them.
# And a fourth row: the model without a weight, with the threshold 1 / (1 + 9) = 0.1.

y_test = y_test.cpu()
probs = {}
biases = {}
for name, model in models.items():
    with torch.inference_mode():
        logits = model(X_test).squeeze(1).cpu()  # [1000]
    probs[name] = torch.sigmoid(logits)
    biases[name] = model.bias.item()

n_ill = int(y_test.sum())
recalls = {}
rows = []
for name in models:
    misses, false_alarms = count_mistakes(y_test, probs[name], 0.5)
    recalls[name] = 100 * (n_ill - misses) / n_ill
    rows.append([name, "0.50", misses, false_alarms, f"{biases[name]:.3f}"])
low_threshold = 1 / (1 + RARE_WEIGHT)
misses, false_alarms = count_mistakes(y_test, probs["no weight"], low_threshold)
rows.append(["no weight", f"{low_threshold:.2f}", misses, false_alarms, ""])
bias_gain = biases["pos_weight"] - biases["no weight"]

print("\n11. What the weight changes, for people of whom so many are ill:", n_ill)
print_table(["loss", "threshold", "misses", "false alarms", "bias"], rows)
print(f"The weight raises the bias by {bias_gain:.2f}.")
print(f"The logarithm of the weight is {math.log(RARE_WEIGHT):.2f}.")

# %% 12. Look: honest and weighted probabilities
# The weight adds about the same number to each logit, the logarithm of the weight. So
# the order of the people hardly changes, and the model has learned nothing new. Moving
# the threshold does nearly the same.

shown = {"no weight": probs["no weight"], "pos_weight": probs["pos_weight"]}
ax = plot_calibration(y_test, shown, n_bins=N_BINS)
ax.set_title(f"Linear model without and with a weight of {RARE_WEIGHT:g}")
save_figure(ax.figure, "16_calibration.png")
# See in 16_calibration.png: without a weight the points lie near the dashed line. With
# the weight they lie far below it: the model promises more ill people than there are.
# It does so by design, because in its loss there were as many ill as healthy people.

# %% 13. What we learned
# We draw the line where the mistakes cost least. The validation set chooses, and the
# test set tells the price: here 251 in place of 469 false alarms. ROC and
# precision-recall curves show all thresholds at once.
#
# A class weight moves the line too, but it makes the probabilities too high. A
# threshold leaves them honest.
#
# That the validation set chose just the threshold of the theory is luck. With other
# seeds it chose from 0.04 to 0.18. The cost at 0.5 was between 313 and 581, and at the
# chosen threshold between 179 and 266.

results = {
    "best_acc": best_acc,
    "best_misses": best_misses,
    "threshold": chosen,
    "misses_one_half": misses_at["one half"],
    "misses_chosen": misses_at["chosen"],
    "cost_one_half": cost_at["one half"],
    "cost_chosen": cost_at["chosen"],
    "auc": auc,
    "sklearn_auc": sklearn_auc,
    "no_weight_recall": recalls["no weight"],
    "no_weight_bias": biases["no weight"],
    "pos_weight_recall": recalls["pos_weight"],
    "pos_weight_bias": biases["pos_weight"],
    "class_weight_recall": recalls["weight"],
    "class_weight_bias": biases["weight"],
}
save_results("16_thresholds_and_costs", results)

# %% 14. Try it
# Predict first, then change one number at the top and run the lesson again.
# 1. Set MISS_COST = 2. A miss is less bad now. What is the threshold of the theory?
# 2. Set MISS_COST = 100. How many healthy people get an alarm at the chosen threshold?
# 3. Set RARE_WEIGHT = 90.0. How far does the bias rise?
#
# Answers:
# 1. TBD
