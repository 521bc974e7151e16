"""Lesson 05: Evaluation metrics

Question: When does accuracy mislead, and what do we look at instead?
You will learn:
    - to compute precision, recall and F1 from four counts, and to state how sure an accuracy is
    - to read a confusion matrix, ROC, precision-recall and calibration curves, macro and micro averages
    - to choose a threshold by what mistakes cost, and to price the choice on fresh data
Builds on: Lesson 04
Run: python module_03/05_evaluation_metrics.py
Writes:
    outputs/05_thresholds.png - boundary and confusion matrix on the test part at threshold 0.5 and at the chosen one
    outputs/05_curves.png - ROC curve, precision-recall curve, cost of mistakes by threshold, and calibration curve
"""

# %% Setup
import matplotlib.pyplot as plt
import torch
import torchmetrics.functional.classification as tm
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import make_blobs
from sklearn.metrics import ConfusionMatrixDisplay, PrecisionRecallDisplay, RocCurveDisplay, classification_report
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import fit, logits_to_labels, pick_device, plot_decision_boundary, save_figure, save_results

COUNTS = [4500, 350, 150]  # people: healthy, illness A, illness B; 10 % are ill
CENTERS = [[0.0, 0.0], [2.0, 1.0], [1.5, -2.0]]  # mean of the two lab values in each group
SPREADS = [1.0, 0.7, 0.7]  # standard deviation in each group, so large that the groups overlap
EPOCHS = 200  # the validation loss is flat from epoch 120 on
LEARNING_RATE = 0.02  # for Adam
MISS_COST = 10  # an ill person sent home costs as much as so many false alarms
SEED = 42  # of the data, the split and the weights

device = pick_device()

# %% 1. Data: one person in ten is ill
# An invented screening test with two lab values. "Everybody is healthy" is right for 90 % of the
# people and finds nobody. NEW: three parts with the same share of ill people. Train is to learn
# from, validation to choose with, test to measure on once, when every choice is made.

X, kind = make_blobs(COUNTS, centers=CENTERS, cluster_std=SPREADS, random_state=SEED)
X, kind = torch.tensor(X, dtype=torch.float32), torch.tensor(kind)  # [5000, 2] and [5000]
X_train, X_rest, kind_train, kind_rest = train_test_split(X, kind, test_size=0.4, random_state=SEED, stratify=kind)
split = train_test_split(X_rest, kind_rest, test_size=0.5, random_state=SEED, stratify=kind_rest)
X_train, kind_train, X_val, X_test, kind_val, kind_test = (part.to(device) for part in (X_train, kind_train, *split))
y_train, y_val, y_test = (kind_train > 0).float(), (kind_val > 0).float(), (kind_test > 0).float()  # 1: ill, A or B
print(f"1. Data: train {len(y_train)}, validation {len(y_val)}, test {len(y_test)} people; ill: {y_test.mean():.0%}")

# %% 2. Model and training
# `fit` is the loop of lesson 04. It gets the validation part here, so what its log calls "Test" is
# measured there. Look at epoch 0: an accuracy of 90 %, and not one ill person found.

torch.manual_seed(SEED)
model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1)).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
print('\n2. Training: ill or healthy? The columns called "Test" are measured on the validation part.')
fit(model, X_train, X_val, y_train, y_val, nn.BCEWithLogitsLoss(), optimizer, EPOCHS, log_every=20)
with torch.inference_mode():
    val_probs, logits = torch.sigmoid(model(X_val).squeeze(1)).cpu(), model(X_test).squeeze(1).cpu()  # [1000] each
probs, preds = torch.sigmoid(logits), logits_to_labels(logits)
y_val, y_test = y_val.cpu().long(), y_test.cpu().long()


# %% 3. NEW: four counts, and every metric from them
# Hits (TP) are ill and called ill. False alarms (FP) are healthy and called ill. Misses (FN) are ill
# and called healthy. The rest (TN) is healthy and called healthy. Precision: how many of those
# called ill are ill? Recall: how many of the ill were called ill? F1 is the harmonic mean of the
# two, low as soon as one of them is low.
# An accuracy is measured on n people, so it has an error. The 95 % interval says which true
# accuracies fit k right of n. We take Wilson's: the common p +- 1.96 sqrt(p (1 - p) / n) has no
# width when 200 of 200 are right, as if that were certain.
# We made the data, so Bayes' rule gives everybody's true probability. No model can expect a higher
# accuracy than one that knows it: the best possible.


def metrics_by_hand(y_true, preds):
    tp, fp, fn, tn = (int(((preds == p) & (y_true == y)).sum()) for p, y in ((1, 1), (1, 0), (0, 1), (0, 0)))
    # accuracy, precision (max: 0 by convention where nobody is called ill), recall, F1
    return (tp + tn) / (tp + fp + fn + tn), tp / max(tp + fp, 1), tp / (tp + fn), 2 * tp / (2 * tp + fp + fn)


def wilson_interval(k, n, z=1.96):  # z: 95 % of a normal distribution lie within so many standard deviations
    center, half = k + z**2 / 2, z * (k * (n - k) / n + z**2 / 4) ** 0.5
    return 100 * (center - half) / (n + z**2), 100 * (center + half) / (n + z**2)


spreads, shares = torch.tensor(SPREADS), torch.tensor(COUNTS) / sum(COUNTS)
distances = torch.cdist(X_test.cpu(), torch.tensor(CENTERS))  # [1000, 3]
true_probs = (shares.log() - 2 * spreads.log() - distances**2 / (2 * spreads**2)).softmax(dim=1)  # share * density
guesses = {"always healthy": 0 * preds, "best possible": true_probs[:, 0] < 0.5, "network": preds}
table = {name: metrics_by_hand(y_test, guess) for name, guess in guesses.items()}
print("\n3. Test part, threshold 0.5  accuracy (95 % interval)  precision  recall     F1")
for name, (accuracy, *others) in table.items():
    low, high = wilson_interval(accuracy * len(y_test), len(y_test))
    print("  {:<27}{:8.1%} ({:.1f} to {:.1f}) {:13.3f} {:7.3f} {:6.3f}".format(name, accuracy, low, high, *others))
for k in (185, 200):
    print("  On 200 people, {} right: from {:.1f} to {:.1f} %".format(k, *wilson_interval(k, 200)))

# %% 4. The libraries say the same, if they get what they expect
# torchmetrics takes labels, probabilities or logits, and tells them apart by their range: logits
# that all lie in [0, 1] pass as probabilities. Everybody with such a logit is called ill, so the
# recall among these people is 100 %. torchmetrics says less, and does not warn. The mend: give it
# probabilities or labels, never logits.

report = classification_report(y_test, preds, output_dict=True)
tm_metrics = (tm.binary_accuracy, tm.binary_precision, tm.binary_recall, tm.binary_f1_score)
libraries = [report["accuracy"], *list(report["1"].values())[:3], *(m(preds, y_test).item() for m in tm_metrics)]
library_gap = max(abs(got - by_hand) for got, by_hand in zip(libraries, table["network"] * 2, strict=True))
print(f"\n4. Largest difference of scikit-learn and torchmetrics from the definitions: {library_gap:.0e}")
trap = (logits >= 0) & (logits <= 1)
trap_recall = 100 * tm.binary_recall(logits[trap], y_test[trap]).item()
print(f"   {trap.sum()} people with a logit in [0, 1]: recall 100 %. torchmetrics on their logits: {trap_recall:.0f} %")

# %% 5. NEW: every threshold, and the one that costs least
# The ROC curve shows recall against the false alarm rate FP / (FP + TN) over all thresholds. The
# area under it (AUC) is the chance that an ill person scores above a healthy one.
# A miss costs 10 false alarms here. If the probabilities are honest, an alarm pays as soon as
# 10 p > 1 - p, from p = 1/11 on: that is the theory. The validation part picks from a grid, and the
# test part then gives the price. Picked on the test part, the price would look lower than it is.

auc = (probs[y_test == 1][:, None] > probs[y_test == 0]).float().mean().item()  # [100, 1] > [900]: all pairs
thresholds, costs = torch.arange(102) / 100, []  # 0.00 alarms for everybody, 1.01 for nobody
for y, p in ((y_val, val_probs), (y_test, probs)):
    alarms = p >= thresholds[:, None]  # [102, 1000]
    misses, false_alarms = (~alarms & (y == 1)).sum(dim=1), (alarms & (y == 0)).sum(dim=1)  # [102] each
    costs.append(1000 / len(y) * (MISS_COST * misses + false_alarms))
chosen, theory = int(costs[0].argmin()), round(100 / (MISS_COST + 1))
print(f"\n5. ROC AUC {auc:.3f} (guessing: 0.5). The price of thresholds on the test part:")
for name, i in {"nobody": 101, "everybody": 0, "one half": 50, "theory": theory, "validation": chosen}.items():
    row = name, i / 100, misses[i], false_alarms[i], costs[1][i]
    print("   {:<11} p >= {:.2f}: {:3d} misses, {:3d} false alarms, cost {:4.0f}".format(*row))

# %% 6. Three classes: macro and micro
# Which illness is it? Each class in turn counts as "1" and the rest as "0". Micro pools all counts,
# which for one label a person is the accuracy. Macro is the plain mean over the classes, so the rare
# one weighs as much as the common one.

torch.manual_seed(SEED)
model_3 = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 3)).to(device)
optimizer = torch.optim.Adam(model_3.parameters(), lr=LEARNING_RATE)
fit(model_3, X_train, X_val, kind_train, kind_val, nn.CrossEntropyLoss(), optimizer, EPOCHS)
with torch.inference_mode():
    kind_preds, kind_test = logits_to_labels(model_3(X_test)).cpu(), kind_test.cpu()
print(f"\n6. Healthy (0), illness A (1), illness B (2)\n{classification_report(kind_test, kind_preds)}")
macro_f1 = sum(metrics_by_hand(kind_test == k, kind_preds == k)[3] for k in range(3)) / 3
micro_f1 = (kind_test == kind_preds).float().mean().item()
print(f"   F1 by hand: micro {micro_f1:.3f}, macro {macro_f1:.3f}")

# %% 7. Look
# p >= t is the same as logit - log(t / (1 - t)) >= 0, so a threshold is a shift of the last bias. The
# second figure ends with calibration: of all people with p near 0.3, three in ten should be ill.

fig, axes = plt.subplots(2, 2, figsize=(8.4, 7.4), height_ratios=[4, 3], layout="constrained")
style = {"display_labels": ["healthy", "ill"], "cmap": "Greys", "colorbar": False}
for (top, bottom), t in zip(axes.T, (0.5, chosen / 100), strict=True):
    with torch.no_grad():
        model[-1].bias -= torch.tensor(t).logit()  # 0 for t = 0.5
    plot_decision_boundary(model, X_test, y_test, ax=top, class_names=["healthy", "ill"])
    top.set_title(f"threshold {t:.2f}: {top.get_title()}")
    ConfusionMatrixDisplay.from_predictions(y_test, probs >= t, ax=bottom, **style)
fig.suptitle(f"2-16-16-1 with ReLU, 1000 test people, Adam lr {LEARNING_RATE}, {EPOCHS} epochs, seed {SEED}\n")
save_figure(fig, "05_thresholds.png")
# The lower threshold pushes the boundary into the healthy crowd: few misses, many false alarms.

fig, ((roc, pr), (cost, calibration)) = plt.subplots(2, 2, figsize=(8.4, 7.4), layout="constrained")
style = {"name": "network", "curve_kwargs": {"color": "black"}, "plot_chance_level": True}
RocCurveDisplay.from_predictions(y_test, probs, ax=roc, **style).ax_.set(xlabel="false alarm rate", ylabel="recall")
PrecisionRecallDisplay.from_predictions(y_test, probs, ax=pr, **style).ax_.legend(loc=(0.03, 0.15))
cost.plot(thresholds, costs[0], "0.6", thresholds, costs[1], "black")
cost.axvline(chosen / 100, linewidth=0.8, linestyle="--", color="0.45")
cost.legend(["validation part", "test part", f"chosen: {chosen / 100:.2f}"])
cost.set(xlabel="threshold", ylabel="cost of 1000 people, in false alarms")
CalibrationDisplay.from_predictions(y_test, probs, n_bins=5, ax=calibration, name="network", color="black")
fig.suptitle("The same network over all thresholds")
save_figure(fig, "05_curves.png")
# Top right: precision falls as recall rises; guessing has 0.10 throughout (AP: mean precision). Near its lowest
# point the cost is flat, so the exact threshold matters little. The points of the calibration lie near the
# diagonal: honest probabilities. Few people have a p above 0.2, so a small distance proves nothing.

# %% 8. What we learned
# Accuracy misleads where one class is rare. 92.7 % is 2.7 points above finding nobody, and 44 of 100
# ill people are missed. More training cannot mend that: the best possible model misses 43, because
# the groups overlap. The threshold can. At 0.09 only 10 are missed and 151 healthy people get a false
# alarm: accuracy drops to 83.9 %, and the cost from 469 to 251.
# That validation picked the theory's threshold is luck. Over 20 seeds it picked from 0.04 to 0.18;
# recall at 0.5 went from 43 to 72 %, the cost from 313 to 581, and with the picked threshold from
# 179 to 266 (benchmarks/spread_over_seeds.py). Look at counts, choose by cost, measure on new people.

results = {"acc": 100 * table["network"][0], "acc_low": low, "acc_high": high, "auc": auc, "trap_recall": trap_recall}
results |= dict(zip(("precision", "recall", "f1"), table["network"][1:], strict=True))
results |= {"best_acc": 100 * table["best possible"][0], "library_gap": library_gap, "macro_f1": macro_f1}
results |= {"threshold": chosen / 100, "cost_one_half": costs[1][50].item(), "cost_chosen": costs[1][chosen].item()}
save_results("05_evaluation_metrics", results)

# %% 9. Try it
# - Set MISS_COST to 2. Work out the theory's threshold first. What becomes of the recall?
# - Set COUNTS to [2500, 1250, 1250]: half are ill. What is the accuracy of "always healthy" now?
# - Set CENTERS to [[0.0, 0.0], [4.0, 2.0], [3.0, -4.0]]. Which metrics are left to improve?
