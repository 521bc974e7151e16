"""Lesson 17: Cross entropy

Question: Where does the loss of K classes come from?
You will learn:
    - to write cross entropy so that no logit breaks it
    - to recognise a second softmax, and to tell it from classes that overlap
    - to give the loss probabilities as labels, and to say what label smoothing does
Builds on: Lessons 04 and 08
Guide: docs/09-categorical-cross-entropy.md, 15 minutes
Minutes: 10
Run: python module_03/17_cross_entropy.py
Writes:
    outputs/17_floors.png - the training loss of four networks; three rest on a floor
"""

# %% Setup
import math

import torch
from sklearn.datasets import make_blobs
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional as F

from helper_functions import (
    best_possible_for_blobs,
    fit,
    pick_device,
    plot_losses_with_floors,
    print_row,
    save_figure,
    save_results,
)

SEED = 42  # data, splits and the first weights of every model
SPREAD = 1.5  # standard deviation of the blobs of lesson 04: they hardly overlap
WIDE_SPREAD = 4.0  # blobs so wide that they overlap a lot
SMOOTHING = 0.1  # share of each label that is spread over all classes
LR = 0.1  # learning rate of SGD
EPOCHS = 300  # passes over the training set, for each network
LOG_EVERY = 60  # epochs between two lines of the log

device = pick_device()

# %% 1. From three logits to one loss
# Lesson 04 computed the loss of a row in two steps: softmax, then minus the logarithm
# of the probability of the true class. Both steps together have a shorter form.
#
# Call a logit z, and that of the true class z_true. Softmax gives the true class
# e^z_true, divided by the sum of all e^z. So the loss is
#
#     -ln(e^z_true / sum)
#
# The logarithm of a / b is ln(a) - ln(b), and the logarithm of e^z_true is z_true:
#
#     -(z_true - ln(sum)) = ln(sum) - z_true
#
# Here ln(sum), the logarithm of a sum of exponentials, is called log-sum-exp.
#
# Question: do both forms give the same number?

logits = torch.tensor([2.1, 0.5, -1.2])  # [3], the logits of lesson 04
true_class = 2

probs = logits.softmax(dim=0)  # [3]
long_form = -probs[true_class].log().item()

total = logits.exp().sum()
log_sum_exp = total.log()
short_form = (log_sum_exp - logits[true_class]).item()

print(f"1. Three logits, and class {true_class} is the true one")
print_row("logits", logits, ".1f")
print_row("softmax", probs, ".3f")
print(f"   minus the logarithm of softmax:     {long_form:.5f}")
print(f"   log-sum-exp minus the true logit:   {short_form:.5f}")

# Answer: yes, to the fifth decimal. The short form never makes a probability.

# %% 2. Why we subtract the largest logit
# A logit may be large, such as 1000. But e^1000 is too large for float32, the type of
# our tensors, so it becomes inf (infinity). And inf divided by inf is nan: "not a
# number". One nan in the loss makes every weight nan at the next step.
#
# Only differences between logits count. If every logit grows by 5, every e^z is
# multiplied by the same e^5, and softmax divides it away again.
#
# So we may subtract the largest logit from all of them. Then the largest is 0 and its
# e^z is 1. No e^z is larger than 1, so nothing overflows.
#
# Question: the network is sure of the first class and gives it the logit 1000. But the
# second class is the true one, and its logit is 0. What is the loss?

logits = torch.tensor([1000.0, 0.0, -1.0])  # [3]
true_class = 1

powers = logits.exp()  # e^1000 is inf
naive_probs = powers / powers.sum()  # inf / inf is nan

shifted = logits - logits.max()  # [3], at most 0
total = shifted.exp().sum()  # at least 1
sure_mistake_loss = (total.log() - shifted[true_class]).item()

print(f"\n2. A sure mistake: class {true_class} is the true one")
print_row("logits", logits, ".1f")
print_row("naive softmax", naive_probs, ".1f")
print_row("minus largest", shifted, ".1f")
print(f"   loss after the subtraction: {sure_mistake_loss:.5f}")

# Answer: 1000. The loss of a sure mistake is the distance from the true logit up to the
# largest one.

# %% 3. Cross entropy as a function
# The same arithmetic for many rows at once. logits has the shape [N, K], and y holds
# the true classes, [N]. Each row gets its own largest logit and its own loss.
#
# We test the function on rows that would break a naive one: in half of them every
# logit is 1000 or -1000. PyTorch computes the losses of the same rows.


def cross_entropy(logits, y):
    row_max = logits.max(dim=1, keepdim=True)  # of each row: the value and its position
    largest = row_max.values  # [N, 1]
    shifted = logits - largest  # [N, K], at most 0
    totals = shifted.exp().sum(dim=1)  # [N], at least 1
    rows = torch.arange(len(y))  # 0, 1, 2, ..., N - 1
    return totals.log() - shifted[rows, y]  # [N], one loss per row


torch.manual_seed(SEED)
usual_logits = torch.randn(500, 4)
huge_logits = 1000 * torch.randn(500, 4).sign()
logits = torch.cat([usual_logits, huge_logits])  # [1000, 4]
y = torch.randint(4, (1000,))  # [1000]

losses = cross_entropy(logits, y)  # [1000]
losses_of_pytorch = F.cross_entropy(logits, y, reduction="none")  # [1000]
differences = (losses - losses_of_pytorch).abs()  # [1000]
cross_entropy_gap = differences.max().item()
mean_loss = losses.mean().item()

print(f"\n3. Cross entropy of {len(y)} rows")
print(f"   mean loss by hand:                   {mean_loss:.3f}")
print(f"   largest difference from PyTorch:     {cross_entropy_gap:.1e}")

# The losses agree up to rounding, because PyTorch also subtracts the largest logit.
# For that it needs the logits. That is why the softmax is inside the loss, and why the
# model must return logits.

# %% 4. Data: the blobs of lesson 04
# Four classes with 1000 / 4 = 250 points each. They hardly overlap, so a good network
# can be right and sure about nearly all of them.

X, y = make_blobs(1000, centers=4, cluster_std=SPREAD, random_state=SEED)
X = torch.from_numpy(X).float().to(device)  # [1000, 2]
y = torch.from_numpy(y).to(device)  # [1000], int64
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, random_state=SEED
)  # 800 and 200 points

print(f"\n4. Data: {len(X_train)} points to train on, {len(X_test)} to test on")

# %% 5. A network that returns logits
# A small network with ReLU, trained by fit, which is the loop of lesson 04. The runs
# that follow change one thing each, and this is the run to compare them with.
#
# Question: how close to 0 does the training loss come?

loss_fn = nn.CrossEntropyLoss()
torch.manual_seed(SEED)
model_logits = nn.Sequential(
    nn.Linear(2, 8),
    nn.ReLU(),
    nn.Linear(8, 4),
).to(device)
optimizer = torch.optim.SGD(model_logits.parameters(), lr=LR)

print("\n5. Training 2-8-4 on logits")
history_logits = fit(
    model_logits,
    X_train,
    X_test,
    y_train,
    y_test,
    loss_fn,
    optimizer,
    EPOCHS,
    log_every=LOG_EVERY,
)
logits_train_loss = history_logits["train_loss"][-1]
logits_test_acc = history_logits["test_acc"][-1]
print(f"   The training loss ends at {logits_train_loss:.5f}.")

# Answer: to 0.02757, and it is still falling at the end.

# %% 6. A second softmax puts a floor under the loss
# Now the mistake: the model ends in a softmax, and the loss applies another one. No
# error message appears.
#
# The loss treats the outputs as logits, although all of them lie between 0 and 1.
#
# At best the true class has 1, and each of the other three has 0. What is the loss
# then? The sum in log-sum-exp holds e for the true class and, because e^0 is one, a one
# for each of the others. The true logit is subtracted:
#
#     ln(e + 3) - 1
#
# Now 1 is ln e, and a difference of logarithms is the logarithm of a quotient:
#
#     ln((e + 3) / e) = ln(1 + 3/e)
#
# No training gets below this value. We call it the floor of the loss. For K classes it
# is ln(1 + (K - 1) / e).
#
# Question: does the mistake cost accuracy as well?

softmax_floor = math.log(1 + 3 / math.e)
torch.manual_seed(SEED)
model_softmax = nn.Sequential(
    nn.Linear(2, 8),
    nn.ReLU(),
    nn.Linear(8, 4),
    nn.Softmax(dim=1),  # the mistake
).to(device)
optimizer = torch.optim.SGD(model_softmax.parameters(), lr=LR)

print("\n6. Training 2-8-4 with a second softmax")
history_softmax = fit(
    model_softmax,
    X_train,
    X_test,
    y_train,
    y_test,
    loss_fn,
    optimizer,
    EPOCHS,
    log_every=LOG_EVERY,
)
softmax_train_loss = history_softmax["train_loss"][-1]
softmax_test_acc = history_softmax["test_acc"][-1]
print(f"   The training loss ends at {softmax_train_loss:.5f}.")
print(f"   The floor is ln(1 + 3/e) = {softmax_floor:.5f}.")

# Answer: in this run the test accuracy ends at the same 99.50 %. But it takes longer,
# because the gradient has to pass one softmax more, and that makes it weaker.
#
# One run may be luck. We tried 40 seeds. With the second softmax, 9 of the networks
# leave out one of the four classes: they never predict it. Without the second softmax,
# every network predicts all four.

# %% 7. Not every floor is a second softmax
# Now four blobs that are much wider, so that they overlap. Where two classes overlap,
# points of both are found, and even the best possible model is unsure there. So its
# loss is far above 0.
#
# The true centres are known here, and with them the best possible model (guide 09).

X, y, centers = make_blobs(
    1000, centers=4, cluster_std=WIDE_SPREAD, random_state=SEED, return_centers=True
)
X = torch.from_numpy(X).float().to(device)  # [1000, 2]
y = torch.from_numpy(y).to(device)  # [1000]
X_wide_train, X_wide_test, y_wide_train, y_wide_test = train_test_split(
    X, y, test_size=0.2, random_state=SEED
)
model_best = best_possible_for_blobs(centers, WIDE_SPREAD).to(device)

with torch.inference_mode():
    wide_best_loss = loss_fn(model_best(X_wide_train), y_wide_train).item()
print("\n7. The best possible model on wide blobs")
print(f"   Its loss on the training set is {wide_best_loss:.5f}.")

# %% 8. Train on the wide blobs
# The network is that of section 5, and it returns logits.
#
# Question: the best possible model knows the true centres. How close to its loss does
# a network come that knows only the training points?

torch.manual_seed(SEED)
model_wide = nn.Sequential(
    nn.Linear(2, 8),
    nn.ReLU(),
    nn.Linear(8, 4),
).to(device)
optimizer = torch.optim.SGD(model_wide.parameters(), lr=LR)

print("\n8. Training 2-8-4 on wide blobs, on logits")
history_wide = fit(
    model_wide,
    X_wide_train,
    X_wide_test,
    y_wide_train,
    y_wide_test,
    loss_fn,
    optimizer,
    EPOCHS,
    log_every=LOG_EVERY,
)
wide_train_loss = history_wide["train_loss"][-1]
print(f"   The training loss ends at {wide_train_loss:.5f}.")

# Answer: very close, 0.46129 against 0.45736. The loss stays that high although nothing
# is wrong with the network.
#
# This floor is not a strict limit. A large network could get below it by learning the
# training points by heart. That is overfitting.

# %% 9. Tell one floor from the other
# The logs of sections 6 and 8 look alike: the loss falls, then it stays high. So we
# print the smallest and the largest output of both networks.
#
# Question: what gives the second softmax away?

with torch.inference_mode():
    outputs_softmax = model_softmax(X_train)  # [800, 4]
    outputs_wide = model_wide(X_wide_train)  # [800, 4]
print("\n9. Outputs of both networks")
print("                   smallest  largest")
print_row("second softmax", [outputs_softmax.min(), outputs_softmax.max()], ".2f")
print_row("wide blobs", [outputs_wide.min(), outputs_wide.max()], ".2f")

# Answer: its outputs all lie between 0 and 1, and each row sums to 1. Logits go below
# zero. A high loss alone proves nothing. It may be a mistake, or it may be the lowest
# loss that the data allows.

# %% 10. Labels may be probabilities
# CrossEntropyLoss also takes one row of probabilities per point, so labels of shape
# [N, K]. For each class it takes minus the logarithm of the probability that the
# network gives. It multiplies this by the probability in the label, and adds up over
# the classes.
#
# A row with a single 1 and zeros elsewhere is called one-hot. Only the true class is
# left in its sum, so it gives the same loss as a whole number.
#
# Label smoothing makes such rows less sure. It takes 0.1 away from the true class and
# spreads it over all four classes, 0.025 for each, the true one included.
#
# So the true class has 0.925. The loss is lowest where the network gives exactly the
# probabilities of the label. This lowest value is called the entropy of the label.
#
# Question: is it 0, as with whole numbers?

one_hot = F.one_hot(y_train, num_classes=4).float()  # [800, 4]
smooth = (1 - SMOOTHING) * one_hot + SMOOTHING / 4  # [800, 4], each row sums to 1
smooth_loss_fn = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)

with torch.inference_mode():
    outputs_logits = model_logits(X_train)  # [800, 4], of section 5
    loss_labels = loss_fn(outputs_logits, y_train).item()
    loss_one_hot = loss_fn(outputs_logits, one_hot).item()
    loss_smooth_rows = loss_fn(outputs_logits, smooth).item()
    loss_label_smoothing = smooth_loss_fn(outputs_logits, y_train).item()

row_terms = -smooth * smooth.log()  # [800, 4], if the probabilities are the labels
smooth_floor = row_terms[0].sum().item()  # the same for every row

print("\n10. The network of section 5, its loss with different labels")
print_row("a smoothed label", smooth[0], ".3f")
print(f"   whole numbers:                 {loss_labels:.5f}")
print(f"   one-hot rows:                  {loss_one_hot:.5f}")
print(f"   smoothed rows:                 {loss_smooth_rows:.5f}")
print(f"   label_smoothing={SMOOTHING}:           {loss_label_smoothing:.5f}")
print(f"   lowest loss with smoothed rows: {smooth_floor:.5f}")

# Answer: no, it is 0.34878. So label smoothing puts a floor under the loss, too.

# %% 11. Train with label smoothing
# The loss function is the one with label_smoothing. Nothing else changes.
#
# Question: the loss will be higher. Will the test accuracy be lower?

torch.manual_seed(SEED)
model_smooth = nn.Sequential(
    nn.Linear(2, 8),
    nn.ReLU(),
    nn.Linear(8, 4),
).to(device)
optimizer = torch.optim.SGD(model_smooth.parameters(), lr=LR)

print(f"\n11. Training 2-8-4 with label smoothing {SMOOTHING}")
history_smooth = fit(
    model_smooth,
    X_train,
    X_test,
    y_train,
    y_test,
    smooth_loss_fn,
    optimizer,
    EPOCHS,
    log_every=LOG_EVERY,
)
smooth_train_loss = history_smooth["train_loss"][-1]
print(f"   The training loss ends at {smooth_train_loss:.5f}.")

# Answer: no, the test accuracy ends at 99.50 % again. The loss measures how sure the
# network is of each label, the accuracy only whether the label is right.

# %% 12. How sure are the networks?
# The further the largest logit lies above the others, the surer the network is.
#
# Question: is the largest logit larger or smaller than in section 5?

with torch.inference_mode():
    outputs_smooth = model_smooth(X_train)  # [800, 4]
largest_logit = outputs_logits.max().item()
largest_smooth_logit = outputs_smooth.max().item()
print("\n12. The largest logit of any training point")
print(f"   whole numbers as labels:   {largest_logit:.2f}")
print(f"   label smoothing:           {largest_smooth_logit:.2f}")

# Answer: smaller. With whole numbers as labels, larger logits always lower the loss of
# a right answer a little more, so there is always a gain in making them grow. With
# smoothed labels, a network that is surer than 0.925 has a higher loss again.

# %% 13. Look: four losses, three floors
# Each curve is the training loss of one network. A dashed line is the floor of the
# curve with the same colour.

losses_by_name = {
    "logits": history_logits["train_loss"],
    "second softmax": history_softmax["train_loss"],
    "wide blobs": history_wide["train_loss"],
    "label smoothing": history_smooth["train_loss"],
}
floors = {
    "second softmax": softmax_floor,
    "wide blobs": wide_best_loss,
    "label smoothing": smooth_floor,
}
fig = plot_losses_with_floors(losses_by_name, floors)
fig.suptitle(f"2-8-4 on four blobs, SGD lr {LR}, {EPOCHS} epochs, seed {SEED}")
save_figure(fig, "17_floors.png")
# What to see: only the black curve goes towards 0. Each of the others becomes flat
# above its dashed line. The curves show that there is a floor. They do not show why:
# for that we looked at the outputs.

# %% 14. What we learned
# Cross entropy is the log-sum-exp of the logits minus the logit of the true class. The
# largest logit is subtracted first, so that nothing overflows. CrossEntropyLoss does
# all of this, and therefore it takes logits.
#
# A second softmax puts a floor of ln(1 + (K - 1) / e) under the loss. But overlapping
# classes and label smoothing have floors as well.
#
# If the loss stays high, look at the outputs of the model. Behind a softmax they
# lie between 0 and 1, and each row sums to 1.

smooth_test_acc = history_smooth["test_acc"][-1]
results = {
    "short_form_loss": short_form,
    "sure_mistake_loss": sure_mistake_loss,
    "mean_loss_by_hand": mean_loss,
    "cross_entropy_gap": cross_entropy_gap,
    "logits_train_loss": logits_train_loss,
    "logits_test_acc": logits_test_acc,
    "softmax_floor": softmax_floor,
    "softmax_train_loss": softmax_train_loss,
    "softmax_test_acc": softmax_test_acc,
    "wide_train_loss": wide_train_loss,
    "wide_best_loss": wide_best_loss,
    "one_hot_loss": loss_one_hot,
    "smooth_rows_loss": loss_smooth_rows,
    "label_smoothing_loss": loss_label_smoothing,
    "smooth_floor": smooth_floor,
    "smooth_train_loss": smooth_train_loss,
    "smooth_test_acc": smooth_test_acc,
    "largest_logit": largest_logit,
    "largest_smooth_logit": largest_smooth_logit,
}
save_results("17_cross_entropy", results)

# %% 15. Try it
# Predict first, then change one number at the top and run the lesson again.
#
# 1. Set EPOCHS = 1000 and LOG_EVERY = 200. Does the loss of section 6 get below its
#    floor?
# 2. Set SMOOTHING = 0.5. How high is the lowest possible loss now, and how large is the
#    largest logit in section 12?
# 3. Set WIDE_SPREAD = 1.5. Then the wide blobs are those of section 4. Where does the
#    loss of section 8 end?
#
# Answers:
# 1. No. It ends at 0.75510, and the floor is still 0.74367.
# 2. The lowest possible loss is 1.07354, and the largest logit is only 2.86.
# 3. At 0.02757, as in section 5. Blobs that hardly overlap have hardly any floor.
