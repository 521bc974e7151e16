"""Lesson 05: Evaluation metrics

Question: When does accuracy mislead, and what do we look at instead?
You will learn:
    - to count four cases, and to compute precision, recall and F1 from them
    - to read a confusion matrix
    - to average over classes in two ways, macro and micro
Builds on: Lesson 04
Guide: docs/07-evaluation-metrics.md, 16 minutes
Minutes: 10
Run: python module_03/05_evaluation_metrics.py
Writes:
    outputs/05_confusion_matrix.png - who is ill and who is called ill: map and table
    outputs/05_averages.png - the F1 of three classes, and two averages of them
"""

# %% Setup
import matplotlib.pyplot as plt
import torch
from sklearn import metrics
from sklearn.model_selection import train_test_split
from torch import nn
from torchmetrics.functional import classification as torch_metrics

from helper_functions import (
    fit,
    make_patients,
    pick_device,
    plot_class_scores,
    plot_confusion_matrix,
    plot_decision_boundary,
    print_history,
    print_table,
    save_figure,
    save_results,
)

N_HEALTHY = 4500  # healthy people
N_ILL_A = 350  # people with illness A
N_ILL_B = 150  # people with illness B, the rarest group
EPOCHS = 200  # the validation loss is flat by then
LEARNING_RATE = 0.02  # of Adam, the optimizer; section 4 explains it
SEED = 42  # of the data, the splits and the first weights

device = pick_device()

# %% 1. Ten people, counted by hand
# A doctor has judged ten people. Three of them are ill. We write 1 for ill and 0 for
# healthy. The first list is the truth, the second is what the doctor said about the
# same people.
#
# Each person is one of four cases:
#
# - TP, true positive: ill, and called ill. A hit.
# - FP, false positive: healthy, but called ill. A false alarm.
# - FN, false negative: ill, but called healthy. A miss.
# - TN, true negative: healthy, and called healthy.
#
# "Positive" means that the doctor said 1, "true" that the doctor was right. We go from
# person to person and write down the case: zip() goes through both lists side by side.
# Then we count. How often does each case occur?

truth = [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
said = [1, 1, 0, 1, 0, 0, 0, 0, 0, 0]

print("1. Ten people, counted by hand")
cases = []
for is_ill, called_ill in zip(truth, said, strict=True):
    if is_ill and called_ill:  # 1 counts as true, 0 as false
        case = "TP"
    elif called_ill:  # but not ill
        case = "FP"
    elif is_ill:  # but not called ill
        case = "FN"
    else:  # neither
        case = "TN"
    cases.append(case)
    print(f"truth {is_ill}, said {called_ill}: {case}")

tp = cases.count("TP")
fp = cases.count("FP")
fn = cases.count("FN")
tn = cases.count("TN")
print("TP:", tp)
print("FP:", fp)
print("FN:", fn)
print("TN:", tn)

# %% 2. Four questions, four numbers
# Each of these numbers answers a question of its own.
#
# - Accuracy: what share of all people is judged correctly? TP and TN are correct.
# - Precision: what share of those who are called ill is really ill?
# - Recall: what share of those who are ill is called ill?
# - F1: are precision and recall both high? It is their harmonic mean, a mean that is
#   low as soon as one of the two is low. It is also 2 TP / (2 TP + FP + FN).
#
# Only accuracy divides by all people. Precision divides by the people who are called
# ill, and recall by the people who are ill.
#
# Now think of a lazy doctor, who looks at nobody and calls everybody healthy. What are
# the accuracy and the recall of the lazy doctor for these ten people?

ten_accuracy = (tp + tn) / (tp + fp + fn + tn)
ten_precision = tp / (tp + fp)
ten_recall = tp / (tp + fn)
ten_f1 = 2 * tp / (2 * tp + fp + fn)
ten_lazy_accuracy = (fp + tn) / (tp + fp + fn + tn)  # right for all who are healthy

print("\n2. Four numbers for the ten people")
print(f"Accuracy:  (TP + TN) / all  = {ten_accuracy:.2f}")
print(f"Precision: TP / (TP + FP)   = {ten_precision:.2f}")
print(f"Recall:    TP / (TP + FN)   = {ten_recall:.2f}")
print(f"F1:                           {ten_f1:.2f}")
print(f"Accuracy of the lazy doctor:  {ten_lazy_accuracy:.2f}")
print("Recall of the lazy doctor:    0.00")

# %% 3. Data: one person in ten is ill
# The lazy doctor is right for 0.70 of the ten people, and finds nobody who is ill. So
# an accuracy means little until you know what the lazy doctor gets. The rarer the
# illness, the better the lazy doctor looks. Something so simple to compare with is
# called a baseline.
#
# make_patients() invents 5000 people with two lab values each. In ill people the first
# value is higher. The second value is higher with illness A, and lower with illness B.
# But the groups overlap.
#
# One person in ten is ill. Each person has a kind: 0 is healthy, 1 is illness A, 2 is
# illness B. We keep the kind for the second half of the lesson. Until then the label y
# only says ill or healthy.
#
# We split the people into three parts. The network learns from the training set. The
# validation set is there to watch the training, and to choose settings such as the
# number of epochs. On the test set we measure once, at the end.
#
# If all the people with illness B fell into the training set by chance, nobody could
# measure how well they are found. A stratified split (stratify=) prevents that: it
# gives each part the same share of each kind.

counts = [N_HEALTHY, N_ILL_A, N_ILL_B]
X, kind = make_patients(counts, SEED)  # [5000, 2] and [5000]

X_train, X_rest, kind_train, kind_rest = train_test_split(
    X, kind, test_size=0.4, random_state=SEED, stratify=kind
)
# the rest is 40 % of the people; half of it is for validation, half for the test
X_val, X_test, kind_val, kind_test = train_test_split(
    X_rest, kind_rest, test_size=0.5, random_state=SEED, stratify=kind_rest
)
X_train = X_train.to(device)
X_val = X_val.to(device)
X_test = X_test.to(device)
y_train = (kind_train > 0).float().to(device)  # [3000], 1 for A and for B
y_val = (kind_val > 0).float().to(device)  # [1000]
y_test = (kind_test > 0).long()  # [1000], on the CPU, where the metrics are computed
n_ill = y_test.sum().item()

print("\n3. Data: one person in ten is ill")
print("People:                      ", len(X))
print("People in the training set:  ", len(y_train))
print("People in the validation set:", len(y_val))
print("People in the test set:      ", len(y_test))
print("Ill people in the test set:  ", n_ill)

# %% 4. Model, loss and optimizer
# The network has two hidden layers of 16 units each, and it returns one logit per
# person. A logit of 0 or more means ill.
#
# One thing is new: the optimizer is Adam instead of SGD. It follows the gradient, too,
# but it gives each parameter a step length of its own. It often needs far fewer epochs.
# Lesson 15 compares the two.

torch.manual_seed(SEED)
model = nn.Sequential(
    nn.Linear(2, 16),  # [N, 2] -> [N, 16]
    nn.ReLU(),
    nn.Linear(16, 16),
    nn.ReLU(),
    nn.Linear(16, 1),  # [N, 16] -> [N, 1]
).to(device)
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)

# %% 5. Train
# fit() is the loop of lesson 04. It trains on one set of people and measures on another
# one after each epoch. We let it measure on the validation set, because we want to keep
# the test set for the end. print_history() prints some epochs of what fit() returns.
#
# Look at epoch 0, which is measured after a single step. Is that a good
# network already?

print(f"\n5. Training 2-16-16-1 for {EPOCHS} epochs")
history = fit(model, X_train, X_val, y_train, y_val, loss_fn, optimizer, EPOCHS)
print_history(history, measured_on="Validation")

with torch.inference_mode():
    logits = model(X_test).squeeze(1).cpu()  # [1000, 1] -> [1000]
preds = (logits >= 0).long()  # [1000], each 0 or 1

# %% 6. Four counts of the test set
# No. At epoch 0 the network is the lazy doctor: it is right for 90 % of the people,
# because it calls nobody ill. Training adds only a few percentage points to that. Does
# the network find the ill people now? Its accuracy does not say.
#
# So we count the four cases again, this time for all people of the test set at once.
# Comparing a tensor with a number gives True or False for each person. Between two such
# tensors, & means "and". In front of one, ~ means "not". Since True counts as 1, the
# sum is a count.
#
# The lazy doctor calls nobody ill, so the precision would be 0 / 0. By convention we
# take 0 there. The function share() does that.
#
# Before you look: how many of the 100 ill people in the test set does the network find?


def count_cases(y_true, preds):
    is_ill = y_true == 1  # [N], each True or False
    called_ill = preds == 1  # [N]
    tp = (is_ill & called_ill).sum()
    fp = (~is_ill & called_ill).sum()
    fn = (is_ill & ~called_ill).sum()
    tn = (~is_ill & ~called_ill).sum()
    return int(tp), int(fp), int(fn), int(tn)


def share(part, whole):
    if whole == 0:
        return 0.0
    return part / whole


tp, fp, fn, tn = count_cases(y_test, preds)
n_people = len(y_test)
misses = fn  # a name of its own, because section 12 uses fn again
accuracy = share(tp + tn, n_people)
precision = share(tp, tp + fp)
recall = share(tp, tp + fn)
f1 = share(2 * tp, 2 * tp + fp + fn)
lazy_accuracy = share(fp + tn, n_people)

# %% 7. Look: the confusion matrix
# The four counts are usually printed as a table, the confusion matrix. A row is a true
# class, a column is what the network said. The people it judged correctly are on the
# diagonal from the upper left to the lower right.

print("\n7. The confusion matrix of the test set")
header = ["", "called healthy", "called ill"]
print_table(header, [["healthy", tn, fp], ["ill", fn, tp]])
print(f"Accuracy:  {accuracy:.1%}")
print(f"Precision: {precision:.3f}")
print(f"Recall:    {recall:.3f}")
print(f"F1:        {f1:.3f}")
print(f"Accuracy of the lazy doctor: {lazy_accuracy:.1%}")
print(f"The network misses {misses} of {n_ill} ill people.")

names = ["healthy", "ill"]
X_drawn = X_test[:300]  # more points would hide each other
y_drawn = y_test[:300]
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4.5), layout="constrained")
plot_decision_boundary(model, X_drawn, y_drawn, left, class_names=names)
plot_confusion_matrix(y_test, preds, right, class_names=names)
left.set_title(f"{len(y_drawn)} of the test people")
right.set_title(f"all test people: {accuracy:.1%} right")
fig.suptitle(f"2-16-16-1, Adam lr {LEARNING_RATE}, {EPOCHS} epochs, seed {SEED}")
save_figure(fig, "05_confusion_matrix.png")
# What to see in 05_confusion_matrix.png: on the left the two groups overlap. The black
# line runs through the overlap. The rings mark the people that the network gets wrong,
# and most of them are near the line.
#
# On the right, green boxes are correct and orange boxes are wrong. The stronger the
# colour, the larger the share of its row. The accuracy comes mostly from one box, the
# 871 healthy people who are called healthy. The lower row holds the ill people. Nearly
# half of them are in the wrong box.

# %% 8. The libraries say the same
# Nobody counts by hand each time. scikit-learn and torchmetrics can compute these
# metrics. Mind the order: scikit-learn takes the truth first, torchmetrics the
# predictions. In the wrong order precision and recall change places, and no message
# tells you.
#
# zero_division says what to take for 0 / 0. We take 0, as in share().

by_hand = [accuracy, precision, recall, f1]
by_sklearn = [
    metrics.accuracy_score(y_test, preds),
    metrics.precision_score(y_test, preds, zero_division=0),
    metrics.recall_score(y_test, preds),
    metrics.f1_score(y_test, preds),
]
by_torchmetrics = [
    torch_metrics.binary_accuracy(preds, y_test).item(),
    torch_metrics.binary_precision(preds, y_test).item(),
    torch_metrics.binary_recall(preds, y_test).item(),
    torch_metrics.binary_f1_score(preds, y_test).item(),
]

# %% 9. Three sources side by side
# Do both libraries get our four numbers? We print them, and look for the largest
# difference between one of ours and one of theirs.

sources = {
    "by hand": by_hand,
    "scikit-learn": by_sklearn,
    "torchmetrics": by_torchmetrics,
}
rows = []
gaps = []
for name, values in sources.items():
    cells = [f"{value:.4f}" for value in values]
    rows.append([name, *cells])
    for ours, theirs in zip(by_hand, values, strict=True):
        gaps.append(abs(ours - theirs))
library_gap = max(gaps)

print("\n9. Four numbers from three sources")
print_table(["", "accuracy", "precision", "recall", "F1"], rows)
print(f"Largest difference: {library_gap:.0e}")

# %% 10. A trap: logits that look like probabilities
# Yes, both libraries get our four numbers. But torchmetrics has a trap. It takes
# labels, probabilities or logits, and it tells the last two apart by their range: if
# all of them lie between 0 and 1, it believes that they are probabilities.
#
# Now take only the people whose logit happens to lie there. Each of these logits is at
# least 0, so the network calls all these people ill. It misses nobody, so the recall is
# 1. What does torchmetrics say when it gets the logits?

in_trap = (logits >= 0) & (logits <= 1)  # [1000], True for the people in the trap
y_trap = y_test[in_trap]
preds_trap = preds[in_trap]
logits_trap = logits[in_trap]
label_recall = 0.0
trap_recall = 0.0
if len(y_trap) > 0:  # after very few epochs nobody is in the trap
    label_recall = torch_metrics.binary_recall(preds_trap, y_trap).item()
    trap_recall = torch_metrics.binary_recall(logits_trap, y_trap).item()

print("\n10. A trap: logits that look like probabilities")
print("People whose logit lies between 0 and 1:", len(y_trap))
print(f"Their recall, torchmetrics with labels: {label_recall:.2f}")
print(f"Their recall, torchmetrics with logits: {trap_recall:.2f}")

# %% 11. Three classes: train
# Half of the recall is lost, and no message tells you. torchmetrics took these logits
# for probabilities. So it called everybody with a logit below 0.5 healthy. Give
# torchmetrics labels or probabilities, never logits.
#
# Now the second question: which illness is it? The label is the kind, which is 0, 1 or
# 2, and the network returns three logits per person, as in lesson 04. We train it in
# the same way.

kind_train = kind_train.to(device)
kind_val = kind_val.to(device)

torch.manual_seed(SEED)
model_3 = nn.Sequential(
    nn.Linear(2, 16),
    nn.ReLU(),
    nn.Linear(16, 16),
    nn.ReLU(),
    nn.Linear(16, 3),  # [N, 16] -> [N, 3]
).to(device)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model_3.parameters(), lr=LEARNING_RATE)

print(f"\n11. Training 2-16-16-3 for {EPOCHS} epochs")
history = fit(model_3, X_train, X_val, kind_train, kind_val, loss_fn, optimizer, EPOCHS)
print_history(history, measured_on="Validation")

with torch.inference_mode():
    kind_logits = model_3(X_test).cpu()  # [1000, 3]
kind_preds = kind_logits.argmax(dim=1)  # [1000], each 0, 1 or 2

# %% 12. Three classes: two averages
# Precision, recall and F1 need a class that counts as 1. So each class has its turn:
# this class is 1, and all the others are 0. That gives one F1 per class.
#
# There are two ways to make one number from these three:
#
# - macro average: the plain mean. A rare class weighs as much as a common one.
# - micro average: add up the counts of all classes first, then compute F1 once. The
#   more people a class has, the more it weighs.
#
# count_cases() gets True and False here instead of 1 and 0. That works, because True
# counts as 1.
#
# One of the two averages hides that the network is bad at the rare classes. Which one?

names = ["healthy", "illness A", "illness B"]
class_f1 = {}
rows = []
tp_sum = 0
wrong_sum = 0
for k in range(3):
    tp, fp, fn, tn = count_cases(kind_test == k, kind_preds == k)
    k_f1 = share(2 * tp, 2 * tp + fp + fn)
    class_f1[names[k]] = k_f1
    tp_sum += tp
    wrong_sum += fp + fn
    rows.append([names[k], tp, fp, fn, tn, f"{k_f1:.3f}"])

macro_f1 = sum(class_f1.values()) / 3
micro_f1 = 2 * tp_sum / (2 * tp_sum + wrong_sum)

print("\n12. Each class against the others")
print_table(["", "TP", "FP", "FN", "TN", "F1"], rows)
print(f"Macro F1: {macro_f1:.3f}")
print(f"Micro F1: {micro_f1:.3f}")

# %% 13. Look: what an average hides
# The micro average hides it, because most of its counts come from the healthy people.
#
# And it says nothing new. Each person has one label and gets one answer. So a wrong
# answer is an FP of one class and an FN of another one, and micro F1 comes out as the
# plain accuracy. We check that, and compare macro F1 with both libraries.

kind_accuracy = metrics.accuracy_score(kind_test, kind_preds)
sklearn_macro_f1 = metrics.f1_score(kind_test, kind_preds, average="macro")
torch_macro_f1 = torch_metrics.multiclass_f1_score(kind_preds, kind_test, 3)

print("\n13. The averages beside other numbers")
print(f"Accuracy: {kind_accuracy:.3f}")
print(f"Macro F1 by scikit-learn: {sklearn_macro_f1:.3f}")
print(f"Macro F1 by torchmetrics: {torch_macro_f1:.3f}")

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
plot_class_scores(class_f1, {"micro": micro_f1, "macro": macro_f1}, ax)
ax.set_ylabel("F1 on the test set")
ax.set_title(f"2-16-16-3, Adam lr {LEARNING_RATE}, {EPOCHS} epochs, seed {SEED}")
save_figure(fig, "05_averages.png")
# What to see in 05_averages.png: the line of the micro average is near the bar of the
# healthy people. The line of the macro average is lower, because the two illnesses pull
# it down.

# %% 14. What we learned
# Accuracy misleads where one class is rare. Here 92.7 % are right, but the lazy doctor
# gets 90.0 % without looking.
#
# The counts say more: the network misses 44 of the 100 ill people.
#
# So count the four cases. Precision says what an alarm is worth, and recall says what
# share of the ill people is found. With several classes, macro F1 does not let a common
# class hide a rare one.
#
# Lesson 16 finds more of the ill people with this same network. Lesson 13 shows how far
# you can trust a number that was measured on so few people.

results = {
    "ten_precision": ten_precision,
    "ten_recall": ten_recall,
    "acc": 100 * accuracy,
    "lazy_acc": 100 * lazy_accuracy,
    "misses": misses,
    "precision": precision,
    "recall": recall,
    "f1": f1,
    "library_gap": library_gap,
    "label_recall": 100 * label_recall,
    "trap_recall": 100 * trap_recall,
    "macro_f1": macro_f1,
    "sklearn_macro_f1": sklearn_macro_f1,
    "micro_f1": micro_f1,
}
save_results("05_evaluation_metrics", results)

# %% 15. Try it
# Predict first, then change one number at the top and run the lesson again.
# 1. Set N_HEALTHY = 500. Half of the people are ill. What does the lazy doctor get?
# 2. Set EPOCHS = 1. What are accuracy and recall after a single step?
# 3. Set N_ILL_B = 15. Illness B is very rare now. Which average falls, and how far?
#
# Answers:
# 1. 50.0 %, the chance level. The network gets 93.0 %, so here the accuracy tells you
#    what you want to know.
# 2. The accuracy is 90.0 %, and the recall is 0.000. The accuracy does not notice that
#    nobody is found.
# 3. Macro F1 falls to 0.528, because none of the people with illness B is found. Micro
#    F1 rises to 0.950, as if all were well.
