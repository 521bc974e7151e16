"""Lesson 08: Loss functions

Question: Why log loss and not squared error?
You will learn:
    - to compute log loss by hand, and to say what it costs to be sure and wrong
    - to compare two losses by their slope, because training follows the slope
    - to say why the loss takes logits and not probabilities
Builds on: Lessons 02 and 04
Guide: docs/08-binary-cross-entropy.md, 13 minutes
Minutes: 10
Run: python module_03/08_loss_functions.py
Writes:
    outputs/08_losses.png - log loss and squared error of one point: value and slope
    outputs/08_starts.png - where training arrives from 100 starts, with each loss
"""

# %% Setup
import matplotlib.pyplot as plt
import torch
from sklearn.datasets import make_blobs
from torch import nn
from torch.nn import functional as F

from helper_functions import (
    accuracies_from_starts,
    pick_device,
    plot_starts,
    plot_value_and_slope,
    print_row,
    save_figure,
    save_results,
    train_step,
)

START_WEIGHT = -8.0  # of the bad start: sure, and wrong about nearly every point
LR = 1.0  # learning rate of SGD, the same for both losses
STEPS = 300  # of SGD in every training but one
MANY_STEPS = 1000  # of SGD in section 8, for patience
LONG_LR = 10.0  # learning rate in section 8, for longer steps
LOG_EVERY = 50  # steps between two lines of the log
SEED = 42  # of the data

device = pick_device()

# %% 1. Log loss of five probabilities
# Take one point. Let p be the probability that the model gives to its true class. The
# nearer p is to 1, the better. A loss turns p into a number that is low if p is near 1.
#
# Log loss is minus the natural logarithm of p. You know it from lesson 04 as cross
# entropy. With two classes it is also called binary cross entropy, or BCE.
#
# What you need to know about the logarithm: log(1) is zero. Below one it is negative,
# and it falls without end as p comes near zero. The minus sign makes the loss positive.
#
# Squared error is the other loss that people think of: (1 - p) * (1 - p).
#
# Both are 0 for p = 1. For p = 0.0001 the model is sure, and it is wrong. We call that
# a sure mistake. How much does each loss charge for it?

probs = torch.tensor([0.9, 0.5, 0.1, 0.01, 0.0001])  # [5], p of the true class
log_losses = -probs.log()  # [5]
squared_errors = (1 - probs) ** 2  # [5]

print("1. Five probabilities of the true class, and what they cost")
print_row("p", probs, ".4f")
print_row("log loss", log_losses, ".5f")
print_row("squared error", squared_errors, ".5f")

# Answer: log loss charges 9.21034, and even more if p is smaller still. Squared error
# never charges more than 1.
#
# For p = 0.5 log loss is 0.69315. That is the loss of a network without any idea, which
# you know from lesson 01.

# %% 2. The slope of both losses
# Training does not look at the value of the loss. It follows the slope, which is called
# the gradient (lesson 02). What changes in training is the logit. So how fast does each
# loss change when the logit changes a little?
#
# torch.logit() goes back from a probability to its logit. backward() needs a single
# number, so we add up the five losses. Each logit still gets the slope of its own loss.
#
# We take all five points from class 1, so p is the sigmoid of the logit. Which slope do
# you want for a sure mistake, a steep one or a flat one?


def squared_error(logits, y):
    probs = torch.sigmoid(logits)  # [N], the probabilities of class 1
    return ((probs - y) ** 2).mean()


log_loss = nn.BCEWithLogitsLoss()  # the same loss as -log(p), computed from logits
ones = torch.ones(5)  # [5], the labels: all of class 1

logits = torch.logit(probs).requires_grad_()  # [5], and we want gradients of them
sum_of_log_losses = 5 * log_loss(logits, ones)  # five times the mean is the sum
sum_of_log_losses.backward()
log_slopes = logits.grad  # [5]

logits = torch.logit(probs).requires_grad_()  # again, with no gradient yet
sum_of_squared_errors = 5 * squared_error(logits, ones)
sum_of_squared_errors.backward()
squared_slopes = logits.grad  # [5]

print("\n2. The slope of each loss, for the same five probabilities")
print_row("p", probs, ".4f")
print_row("logit", logits.detach(), ".3f")  # detach(): only the numbers, no gradients
print_row("log loss", log_slopes, ".5f")
print_row("squared error", squared_slopes, ".5f")

# %% 3. Why squared error goes flat
# All slopes are negative, because the loss falls if the logit rises. A sure mistake
# should get a steep slope, so that training corrects it soon. Log loss does that: its
# slope is nearly -1. Squared error has nearly no slope there.
#
# The formulas say why. For a point of class 1 the slope of log loss is p - 1.
#
# That of squared error is 2 * (p - 1) * p * (1 - p).
#
# The factor p * (1 - p) is the slope of the sigmoid. The sigmoid is flat where p is
# near 0 or near 1. So the slope vanishes where the model is sure, be it right or wrong.
#
# Log loss has this factor too. But the slope of -log(p) is -1/p, and times p * (1 - p)
# only p - 1 is left. We check both formulas.

log_formula = probs - 1  # [5]
squared_formula = 2 * (probs - 1) * probs * (1 - probs)  # [5]
sure_log_slope = log_slopes[-1].item()  # of p = 0.0001, the last one
sure_squared_slope = squared_slopes[-1].item()

print("\n3. The same slopes by formula")
print_row("p - 1", log_formula, ".5f")
print_row("2(p-1)p(1-p)", squared_formula, ".5f")

# %% 4. Look: value and slope
# The same two losses of one point of class 1, for logits from -8 to 8.

logits = torch.linspace(-8, 8, 161)  # [161]
probs = torch.sigmoid(logits)
distance = 1 - probs  # how far p is from 1
values = {
    "log loss": -probs.log(),
    "squared error": distance**2,
}
slopes = {  # by the formulas of section 3
    "log loss": -distance,
    "squared error": -2 * distance * probs * distance,
}
fig = plot_value_and_slope(logits, values, slopes)
fig.suptitle("The loss of one point of class 1, by its logit")

print("\n4. A picture of both losses")
save_figure(fig, "08_losses.png")
# See in 08_losses.png: at the left end of each panel the model is sure and wrong. There
# log loss keeps rising, and squared error stays at 1. The slope of log loss is nearly
# -1 there, and squared error has next to none.

# %% 5. Data and a bad start
# What does that mean for training? We take the smallest model there is: one feature,
# one weight, one bias. It says logit = weight * x + bias.
#
# Class 0 lies around x = -1.5, and the other class around x = 1.5. They overlap a
# little, so this model cannot get all of the points right.
#
# A good weight is positive, because the logit should rise with x. We start with -8 and
# a bias of 0. So the model is sure, and wrong about nearly every point. There is no
# test set here, because we only ask whether training gets away from this start.


def model_at(weight):
    model = nn.Linear(1, 1)  # [N, 1] -> [N, 1]
    with torch.no_grad():  # we set the numbers ourselves, this is not training
        model.weight.fill_(weight)
        model.bias.fill_(0)
    return model


X_numpy, y_numpy = make_blobs(200, centers=[[-1.5], [1.5]], random_state=SEED)
X = torch.from_numpy(X_numpy).float().to(device)  # [200, 1]
y = torch.from_numpy(y_numpy).float().to(device)  # [200]

print(f"\n5. Data: {len(X)} points with one feature")
print(f"The bad start: weight {START_WEIGHT}, bias 0")

# %% 6. Train with log loss
# train_step() does the five steps of lesson 04. It returns loss and accuracy as they
# were before its step. So we take one round more, to see what the last step did.
#
# We keep the weight and the bias of every step, to draw the way that training takes.

model = model_at(START_WEIGHT).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=LR)
log_loss_path = []

print(f"\n6. Training with log loss, learning rate {LR}")
for step in range(STEPS + 1):
    weight = model.weight.item()
    bias = model.bias.item()
    log_loss_path.append([weight, bias])
    loss, acc = train_step(model, X, y, log_loss, optimizer)
    if step % LOG_EVERY == 0:
        print(f"Step {step:4d} | Train loss: {loss:.5f}, accuracy: {acc:.2f}%")
log_loss_acc = acc

# %% 7. Train with squared error
# With log loss, 95.00% of the points are already right after 50 steps. Now we take
# squared error, with the same start, the same learning rate and the same number of
# steps. How far does it get?

model = model_at(START_WEIGHT).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=LR)
squared_error_path = []

print(f"\n7. Training with squared error, learning rate {LR}")
for step in range(STEPS + 1):
    weight = model.weight.item()
    bias = model.bias.item()
    squared_error_path.append([weight, bias])
    loss, acc = train_step(model, X, y, squared_error, optimizer)
    if step % LOG_EVERY == 0:
        print(f"Step {step:4d} | Train loss: {loss:.5f}, accuracy: {acc:.2f}%")
squared_error_acc = acc
print(f"Log loss ended at {log_loss_acc:.2f}%.")
print(f"Squared error ends at {squared_error_acc:.2f}%.")

# %% 8. Stuck, or only slow?
# Squared error ends at 6.00%. But is the comparison fair? Its slopes are smaller, so
# its steps are shorter. Perhaps it only needs longer steps, or more of them. We try
# each of the two on its own.

model = model_at(START_WEIGHT).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=LONG_LR)
for _ in range(STEPS + 1):
    _, long_steps_acc = train_step(model, X, y, squared_error, optimizer)

model = model_at(START_WEIGHT).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=LR)
for _ in range(MANY_STEPS + 1):
    _, many_steps_acc = train_step(model, X, y, squared_error, optimizer)

print("\n8. Squared error from the same start")
print(f"Learning rate {LONG_LR}: {long_steps_acc:.2f}%")
print(f"{MANY_STEPS} steps: {many_steps_acc:.2f}%")

# %% 9. Look: a hundred starts
# Both reach 95.50%. So from this start squared error was slow, not stuck for good.
# Would the same help from every start?
#
# We take a hundred starts: ten weights and ten biases, each from -9 to 9. From each of
# them we train as above, and count the starts that reach 90 %.
#
# accuracies_from_starts() trains them all at once, to save time.
#
# Each start is a point in a plane of weights and biases. The loss is like a height over
# this plane, and training walks downhill. How many of the hundred arrive with
# each loss?

ticks = torch.linspace(-9, 9, 10)  # [10]
starts = torch.cartesian_prod(ticks, ticks)  # every pair of weight and bias: [100, 2]
log_loss_accs = accuracies_from_starts(starts, X, y, log_loss, LR, STEPS)  # [100]
squared_accs = accuracies_from_starts(starts, X, y, squared_error, LR, STEPS)  # [100]
log_loss_arrived = log_loss_accs >= 90  # [100], each True or False
squared_arrived = squared_accs >= 90  # [100]
n_log_loss = int(log_loss_arrived.sum())
n_squared = int(squared_arrived.sum())

fig, axes = plt.subplots(1, 2, figsize=(9, 4.6), layout="constrained")
plot_starts(starts, log_loss_arrived, log_loss_path, log_loss, X, y, axes[0])
plot_starts(starts, squared_arrived, squared_error_path, squared_error, X, y, axes[1])
axes[0].set_title(f"log loss: {n_log_loss} of 100 arrive")
axes[1].set_title(f"squared error: {n_squared} of 100 arrive")
fig.suptitle(f"One weight, one bias: {STEPS} steps of SGD, lr {LR}, data seed {SEED}")

print("\n9. How many of 100 starts reach 90 %?")
print("With log loss:     ", n_log_loss)
print("With squared error:", n_squared)
save_figure(fig, "08_starts.png")
# See in 08_starts.png: the darker a place is, the higher the loss. The surface of log
# loss is one valley without bumps, and every way down leads to its bottom. Such a
# surface is called convex.
#
# Squared error has a flat plateau at the left, and there the steps are tiny. The
# crosses mark the starts that do not arrive. The black lines are the ways from our bad
# start.
#
# A network with hidden layers has no such simple valley, with either loss. But the
# slopes of section 3 hold for it too. They say how the loss changes with the logit, and
# it does not matter what made this logit.

# %% 10. Why the loss takes logits
# One question is left. -log(p) needs a probability. So why does BCEWithLogitsLoss want
# logits? Because a float32 has only about 7 digits.
#
# Take a point of class 0. Its true class has the probability 1 - p, so the loss is
# -log(1 - p).
#
# For a large logit, p is so near 1 that it is rounded to 1. Then 1 - p becomes zero,
# and minus the logarithm of zero is infinite.
#
# nn.BCELoss() takes probabilities. It never charges more than 100, to avoid infinity.
#
# For a large logit the exact loss is nearly the logit itself, so 200 for the logit 200.
# What will each of the three say?

probs_to_loss = nn.BCELoss()
label = torch.tensor([0.0])  # [1]

print("\n10. Label 0, and a logit far above 0")
print("                   -log(1-p)  BCELoss  BCEWithLogitsLoss")
for value in [2.0, 20.0, 200.0]:
    logit = torch.tensor([value])  # [1]
    prob = torch.sigmoid(logit)
    by_hand = -torch.log(1 - prob)
    from_prob = probs_to_loss(prob, label)
    from_logit = log_loss(logit, label)
    print_row(f"logit {value:.0f}", [by_hand, from_prob, from_logit])

bce_loss_at_200 = from_prob.item()  # of the last logit, which is 200
with_logits_loss_at_200 = from_logit.item()

# %% 11. How it is done
# Only BCEWithLogitsLoss is right for the two large logits. It never computes p. Let z
# be the logit. For label 0 the loss is -log(1 - p). With the sigmoid for p, this is
#
#     -log(1 - p) = log(1 + e^z)
#
# But e^200 is too large for a float32. So for a positive z, the formula is rewritten.
# We take e^z out of the sum: 1 + e^z is e^z times (1 + e^-z). The logarithm of a
# product is the sum of the logarithms, and the logarithm of e^z is z. That gives
#
#     log(1 + e^z) = z + log(1 + e^-z)
#
# Now e no longer has a positive exponent.
#
# One formula holds for every z, with |z| for z without its sign:
#
#     label 0:  max(z, 0) + log(1 + e^-|z|)
#
# For label 1, -z takes the place of z in max(z, 0).
#
# relu(z) is max(z, 0). log1p(x) is log(1 + x), but it does not lose the digits of a
# small x.
#
# Is that what PyTorch computes? We compare for logits from -1000 to 1000.

logits = torch.linspace(-1000, 1000, 2001)  # [2001]
rest = torch.log1p(torch.exp(-logits.abs()))  # [2001], at most log(2)
losses_0 = torch.relu(logits) + rest  # [2001], for label 0
losses_1 = torch.relu(-logits) + rest  # [2001], for label 1

zeros = torch.zeros(2001)
ones = torch.ones(2001)
each_loss = F.binary_cross_entropy_with_logits  # the same loss as a function
gaps_0 = losses_0 - each_loss(logits, zeros, reduction="none")  # "none": no mean
gaps_1 = losses_1 - each_loss(logits, ones, reduction="none")
all_gaps = torch.cat([gaps_0, gaps_1]).abs()  # [4002]
largest_gap = all_gaps.max().item()

print("\n11. Log loss by hand for 2001 logits and both labels")
print(f"Largest loss: {losses_0.max():.1f}")
print(f"Largest difference from PyTorch: {largest_gap:.1e}")

# %% 12. What we learned
# Log loss is -log(p) of the true class. Its slope is steepest where the model is sure
# and wrong. Squared error after a sigmoid goes flat there, so training is slow or
# stuck: from our bad start, at the same learning rate, it reaches 6 % after 300 steps,
# where log loss reaches 96 %.
#
# The loss takes logits, because probabilities are rounded to 0 and 1. So a model
# returns logits, and its last layer has no sigmoid.

results = {
    "sure_mistake_log_loss": log_losses[-1].item(),
    "sure_mistake_squared_error": squared_errors[-1].item(),
    "sure_mistake_log_slope": sure_log_slope,
    "sure_mistake_squared_slope": sure_squared_slope,
    "log_loss_acc": log_loss_acc,
    "squared_error_acc": squared_error_acc,
    "squared_error_long_steps_acc": long_steps_acc,
    "squared_error_many_steps_acc": many_steps_acc,
    "log_loss_starts_arrived": n_log_loss,
    "squared_error_starts_arrived": n_squared,
    "bce_loss_at_logit_200": bce_loss_at_200,
    "bce_with_logits_loss_at_logit_200": with_logits_loss_at_200,
    "largest_gap": largest_gap,
}
save_results("08_loss_functions", results)

# %% 13. Try it
# Predict first, then change one number at the top and run the lesson again.
# 1. Set START_WEIGHT = -20.0. Does squared error still get away in section 8?
# 2. Set LR = 10.0. How many starts arrive with squared error now?
# 3. Set MANY_STEPS = 500. Are so many steps enough in section 8?
#
# Answers:
# 1. No. It stays at 4.50%, with longer steps and with more of them. The plateau is far
#    flatter there. Log loss reaches 96.00% from this start as well.
# 2. 75 of 100. Longer steps help some starts, but not all of them.
# 3. No. After 500 steps it is only at 50.00%, so it is still on its way.
