"""Lesson 02: Training and predictions

Question: How does a network learn?
You will learn:
    - to follow one training step by hand
    - to write a training loop of five steps
    - to turn logits into probabilities, labels and a map
Builds on: Lesson 01
Guide: docs/05-training-evaluation.md, 13 minutes
Minutes: 10
Run: python module_03/02_training_and_predictions.py
Writes:
    outputs/02_training.png - loss and accuracy of the network while it is trained
    outputs/02_stages.png - the network asked on a grid: logits, probabilities, labels
    outputs/02_boundary.png - where the network draws its line, and a better line
"""

# %% Setup
import math

import matplotlib.pyplot as plt
import pandas as pd
import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import (
    Recorder,
    accuracy_fn,
    logits_to_labels,
    pick_device,
    plot_decision_boundary,
    plot_loss_curves,
    plot_stages,
    save_figure,
    save_player,
    save_results,
)

SEED = 42  # the same data, split and first weights on every run
EPOCHS = 100  # how many times the network sees all training points
LOG_EVERY = 10  # epochs between two lines of the log
LEARNING_RATE = 0.1  # how long a step is, as a multiple of the gradient (section 3)
NUDGE = 0.01  # how far we move a parameter in order to measure the slope of the loss

device = pick_device()

# %% 1. Data
# The circles of lesson 01, made in the same way from the same seed.

X_numpy, y_numpy = make_circles(1000, noise=0.03, random_state=SEED)
X = torch.from_numpy(X_numpy).float().to(device)  # [1000, 2]
y = torch.from_numpy(y_numpy).float().to(device)  # [1000]
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, random_state=SEED
)

print("1. Data")
print("Training points:", len(X_train))
print("Test points:", len(X_test))

# %% 2. Model, loss and optimizer
# The model is the network 2-5-1 of lesson 01. We call it V0, version 0, because the
# next lesson builds V1 and V2.
#
# The loss says in one number how wrong the logits are. The optimizer changes the
# parameters so that the loss falls. The simplest optimizer is SGD, stochastic gradient
# descent. The next section does by hand what it does. Stochastic means random: lesson
# 09 feeds it random parts of the data.
#
# As in lesson 01, we compare the loss with that of a network without any idea, which
# returns 0 for every point.

torch.manual_seed(SEED)
model = nn.Sequential(
    nn.Linear(2, 5),  # [N, 2] -> [N, 5]
    nn.Linear(5, 1),  # [N, 5] -> [N, 1]
).to(device)
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)

logits = model(X_train).squeeze(1)  # [800, 1] -> [800]
loss = loss_fn(logits, y_train)
zeros = torch.zeros_like(logits)  # [800]
loss_without_idea = loss_fn(zeros, y_train).item()

print("\n2. Model, loss and optimizer")
print(f"Train loss of V0 before any step: {loss:.5f}")
print(f"Train loss without any idea:      {loss_without_idea:.5f}")

# %% 3. One step, by hand
# We follow one of the parameters of the network, the bias of the last layer. It is
# added to every logit. So if the bias grows by 0.01, every logit grows by 0.01. That
# makes our work easy: we need not touch the network, but only add to its logits.
#
# How does the loss change when the bias changes a little? We try it, with a bias that
# is slightly smaller and one that is slightly larger. The change of the loss, divided
# by the change of the bias, is the slope of the loss. It is called the gradient.
#
# A positive gradient means that the loss rises as the bias grows, so the bias should
# get smaller. A negative one means the opposite. Both are in one rule:
#
#     new = old - learning rate * gradient
#
# The learning rate says how long a step is. It is a hyperparameter: a number that you
# choose and that training does not change.

last_layer = model[1]
old_bias = last_layer.bias.item()
loss_before = loss.item()
loss_down = loss_fn(logits - NUDGE, y_train).item()
loss_up = loss_fn(logits + NUDGE, y_train).item()
loss_change = loss_up - loss_down
bias_change = 2 * NUDGE  # from one NUDGE below to one NUDGE above
gradient_measured = loss_change / bias_change

step = -LEARNING_RATE * gradient_measured
new_bias = old_bias + step
loss_after = loss_fn(logits + step, y_train).item()  # every logit moves with the bias

print("\n3. One step of one parameter, by hand")
print(f"Loss with a smaller bias: {loss_down:.5f}")
print(f"Loss with the bias as is: {loss_before:.5f}")
print(f"Loss with a larger bias:  {loss_up:.5f}")
print(f"Gradient: {gradient_measured:.5f}")
print(f"Old bias: {old_bias:.5f}")
print(f"New bias: {new_bias:.5f}")
print(f"Loss after the step: {loss_after:.5f}")

# %% 4. The same step, by PyTorch
# With seed 42 the gradient is negative, so the bias grew, and the loss fell. Not by
# much: it was one step of one parameter.
#
# We could measure the gradient of every parameter like this, with two losses for each.
# PyTorch computes them all at once. It goes through the network backwards, from the
# loss to the first layer. This is called backpropagation, and loss.backward() does it.
# It writes the gradient of each parameter into .grad.
#
# optimizer.step() then applies the rule above to every parameter. Do we get the same
# gradient and the same new bias?

loss.backward()
gradient = last_layer.bias.grad.item()
optimizer.step()
bias_after_step = last_layer.bias.item()

print("\n4. The same step, by PyTorch")
print(f"Gradient: {gradient:.5f}")
print(f"New bias: {bias_after_step:.5f}")

# %% 5. Begin again, and keep a record
# Yes, both are the same. That was one step, and training consists of many. We build V0
# again from the same seed, so that it starts from the same weights.
#
# An epoch is one pass over all training points. history will keep four numbers per
# epoch, for the curves. The recorder will keep the weights, for a page that you can
# open in a browser.

torch.manual_seed(SEED)
model = nn.Sequential(
    nn.Linear(2, 5),  # [N, 2] -> [N, 5]
    nn.Linear(5, 1),  # [N, 5] -> [N, 1]
).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)

history = {"train_loss": [], "train_acc": [], "test_loss": [], "test_acc": []}
recorder = Recorder(model, EPOCHS)

last_layer = model[1]
first_bias = last_layer.bias.item()
print("\n5. V0 is built again")
print(f"Its last bias is {first_bias:.5f} again")

# %% 6. Train: five steps, again and again
# These five steps are the heart of every training loop. Here all training points go in
# together, so one round of the five steps is one epoch.
#
# After each round we measure on the test set. The network learns nothing from it, and
# we choose nothing by it. In the log, the train numbers come from before the step, and
# the test numbers from after it.
#
# Before you look: a network without any idea has an accuracy of 50 % and a loss of
# 0.69315. How far from there will V0 be after 100 epochs?

print(f"\n6. Training V0, 2-5-1, for {EPOCHS} epochs")
for epoch in range(EPOCHS):
    model.train()  # some layers work differently while training; V0 has none of them

    # 1. Forward pass: what does the model say?
    logits = model(X_train).squeeze(1)  # [800, 1] -> [800]
    # 2. Loss: how wrong is it?
    loss = loss_fn(logits, y_train)
    # 3. Forget the gradients of the last step, because backward() adds to them
    optimizer.zero_grad()
    # 4. Backward pass: the gradient of each parameter
    loss.backward()
    # 5. Step: each parameter moves against its gradient
    optimizer.step()

    model.eval()  # the opposite of train()
    with torch.inference_mode():  # measuring needs no gradients
        test_logits = model(X_test).squeeze(1)  # [200, 1] -> [200]
        test_loss = loss_fn(test_logits, y_test)
    train_acc = accuracy_fn(y_train, logits_to_labels(logits))
    test_acc = accuracy_fn(y_test, logits_to_labels(test_logits))

    history["train_loss"].append(loss.item())
    history["train_acc"].append(train_acc)
    history["test_loss"].append(test_loss.item())
    history["test_acc"].append(test_acc)
    recorder.snapshot(epoch)
    if epoch % LOG_EVERY == 0 or epoch == EPOCHS - 1:
        print(
            f"Epoch {epoch:4d} | Train loss: {loss:.5f}, accuracy: {train_acc:.2f}% "
            f"| Test loss: {test_loss:.5f}, accuracy: {test_acc:.2f}%"
        )

# %% 7. Look: what has it learned?
# A coin gets about half of the 200 test points right, and seldom more than 57 %. Lesson
# 13 shows how one computes such a limit. So we call V0 better than chance if it gets
# more than that.

luck_limit = 57  # in %; a coin seldom gets more of 200 points right

final_train_loss = history["train_loss"][-1]  # -1 is the last one
final_train_acc = history["train_acc"][-1]
final_test_loss = history["test_loss"][-1]
final_test_acc = history["test_acc"][-1]

print("\n7. What has it learned?")
if final_test_acc > luck_limit:
    print(f"V0 ends at {final_test_acc:.2f}% on the test set: better than chance.")
else:
    print(f"V0 ends at {final_test_acc:.2f}% on the test set: no better than chance.")

fig, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
plot_loss_curves(history, axes, references={"chance": 50})
axes[0].set_ylim(0, 1)  # a loss of 0 would be perfect
axes[1].set_ylim(0, 100)
fig.suptitle(f"V0 2-5-1 on circles, SGD with lr {LEARNING_RATE}, seed {SEED}")
save_figure(fig, "02_training.png")
# What to see in 02_training.png: the loss looks flat, far above 0. It does fall, but so
# little that the log needs five decimals to show it. The curve of the test set covers
# that of the training set. The accuracy stays near chance.
#
# On the test set it even ends below chance. That is luck. The points of the inner
# circle in the training set lie, on average, a little to the upper right of those of
# the outer one. V0 learns that. In the test set they lie a little to the lower left.
#
# Did V0 only have unlucky first weights? No: with the weights of 20 different seeds, it
# ends between 45 and 51 %.

# %% 8. From logits to probabilities to labels
# A logit can be any number. The sigmoid turns it into a probability, a number between
# 0 and 1. It says how likely class 1 is, as far as the network knows:
#
#     probability = 1 / (1 + e^-logit)
#
# The fixed number e is called Euler's number, and Python writes e^x as math.exp(x). The
# logit 0 becomes 0.5. Larger logits give more, smaller ones less.
#
# A label has to be one or the other. So we say 1 where the probability is at least 0.5,
# and 0 elsewhere. Such a limit is called a threshold.
#
# This is the rule of lesson 01 again: a logit of 0 or more gives a probability of one
# half or more.
#
# How sure do you think V0 is?

with torch.inference_mode():
    logits = model(X_test).squeeze(1)  # [200, 1] -> [200]
probs = torch.sigmoid(logits)  # [200], each between 0 and 1
preds = (probs >= 0.5).long()  # [200]; .long() makes whole numbers of True and False

first_logit = logits[0].item()
first_prob = 1 / (1 + math.exp(-first_logit))

table = pd.DataFrame(X_test.cpu(), columns=["x1", "x2"])  # pandas works on the CPU
table["logit"] = logits.cpu()
table["probability"] = probs.cpu()
table["label"] = preds.cpu()
table["truth"] = y_test.long().cpu()

print("\n8. From logits to probabilities to labels")
print(f"By hand: the logit {first_logit:.5f} becomes {first_prob:.5f}")
print(table.head().round(5))

# %% 9. A map of the answers
# V0 is not sure at all: each probability in the table is close to 0.5. The labels do
# not show that.
#
# What would V0 say at other places? We lay a grid of points over the plane and ask V0
# about each of them. Then we colour each place by its answer. That is a map. The line
# between the two labels is called the decision boundary.
#
# Before you look: what shape will the boundary have?

ticks = torch.linspace(-1.2, 1.2, 15)  # [15], so few that you see each place
grid = torch.cartesian_prod(ticks, ticks)  # every pair of two ticks: [225, 2]
with torch.inference_mode():
    grid_logits = model(grid.to(device)).squeeze(1)  # [225, 1] -> [225]
grid_probs = torch.sigmoid(grid_logits)  # [225]
grid_preds = (grid_probs >= 0.5).long()  # [225]

fig = plot_stages(grid, grid_logits, grid_probs, grid_preds)
fig.suptitle(f"V0 after {EPOCHS} epochs, asked on a grid; seed {SEED}")

print("\n9. A map of the answers")
save_figure(fig, "02_stages.png")
# What to see in 02_stages.png: the boundary, the black line, is straight. Blue stands
# for class 0, orange for class 1.
#
# The logits are tiny, as the title of the first panel says. This panel is colourful
# only because its colours are stretched to this narrow range. The colours of the
# probabilities reach from 0 to 1, so they are nearly white: V0 is sure nowhere. The
# labels look sure everywhere.

# %% 10. How good can a straight line be?
# V0 can draw nothing but straight lines. Lesson 03 shows why. How good can a straight
# line be at best?
#
# Take the line x1 = 0.8, which touches the inner circle. Say "inner" on its left side
# and "outer" beyond it. This is correct for the whole inner circle. For the outer
# circle, it is correct only for the piece beyond the line.
#
# How long is this piece? Measure the angle at the centre, from the x1 axis. The line
# cuts the outer circle at the angle arccos(0.8) above the axis, and as far below it.
# Half a circle is the angle pi. So the piece is arccos(0.8) / pi of the circle, about
# one fifth.
#
# Without noise, no straight line gets more. With noise this one gets a little less.

inner_radius = 0.8  # the radius of the outer circle is 1
piece = math.acos(inner_radius) / math.pi
best_line_formula_acc = 50 + 50 * piece  # percent: each circle has half of the points

line_preds_train = (X_train[:, 0] <= inner_radius).long()  # [800], column 0 is x1
line_preds_test = (X_test[:, 0] <= inner_radius).long()  # [200]
line_train_acc = accuracy_fn(y_train, line_preds_train)
line_test_acc = accuracy_fn(y_test, line_preds_test)

print("\n10. How good is the line x1 = 0.8?")
print(f"Without noise:       {best_line_formula_acc:.2f}%")
print(f"On our training set: {line_train_acc:.2f}%")
print(f"On our test set:     {line_test_acc:.2f}%")

# %% 11. Look: two lines
# plot_decision_boundary() makes the map of section 9 on a finer grid and draws the
# points on top of it. We add the other line, dashed.

ax = plot_decision_boundary(model, X_test, y_test, rings=False)
ax.axvline(inner_radius, color="black", linestyle="--")
ax.text(0.83, -1.1, f"{line_test_acc:.1f}%")
ax.set_title(f"V0 2-5-1: {final_test_acc:.1f}% of the test set right; seed {SEED}")

print("\n11. A picture of both lines")
save_figure(ax.figure, "02_boundary.png")
# What to see in 02_boundary.png: V0's line runs through the middle, so about half of
# each circle is on the wrong side of it. The dashed line is better, but most of the
# outer circle is on its wrong side. Circles need a boundary that bends. Lesson 03 finds
# one.
#
# Why does V0 not find the dashed line? A step lowers the loss, not the number of
# mistakes. Guide 05 shows that the lowest loss is elsewhere.
#
# save_player() writes a page. Open it in a browser and move the slider to see V0 at any
# epoch.

data = (X_train, X_test, y_train, y_test)
save_player("02_training_and_predictions", data, {"V0: 2-5-1": (recorder, history)})

# %% 12. What we learned
# A network learns in steps. Each step moves every parameter against its gradient, so
# that the loss falls. Five lines do it: forward, loss, zero_grad, backward, step. The
# sigmoid turns a logit into a probability, and the threshold turns that into a label.
#
# V0 has made its loss nearly as low as it can, and still ends at chance. So training
# works. It is the straight line that does not fit.

results = {
    "loss_before": loss_before,
    "loss_after": loss_after,
    "gradient": gradient,
    "gradient_measured": gradient_measured,
    "bias_by_hand": new_bias,
    "bias_by_optimizer": bias_after_step,
    "final_train_loss": final_train_loss,
    "final_train_acc": final_train_acc,
    "final_test_loss": final_test_loss,
    "final_test_acc": final_test_acc,
    "best_line_formula_acc": best_line_formula_acc,
    "line_train_acc": line_train_acc,
    "line_test_acc": line_test_acc,
}
save_results("02_training_and_predictions", results)

# %% 13. Try it
# Predict first, then change one number at the top and run the lesson again.
# 1. Set EPOCHS = 1000 and LOG_EVERY = 100. Does patience help?
# 2. Set LEARNING_RATE = 1. The steps are ten times as long. What happens to the loss?
# 3. Set SEED = 7. Points and first weights change. Does the bias in section 3 still
#    grow? Does V0 still end near chance?
#
# Answers:
# 1. No. The train loss reaches 0.69298 and stays there, and V0 ends at 46.00 %.
# 2. It reaches 0.69298 too, but already at epoch 30. V0 ends at 46.00 % again.
# 3. The gradient is 0.08131 now, so the bias gets smaller. V0 ends at 43.50 %.
