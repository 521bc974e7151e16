"""Lesson 03: Non-linear classification

Question: Why does depth alone not help, and what does?
You will learn:
    - to show that a stack of linear layers is one linear layer
    - to test a training loop on a problem that the network must be able to solve
    - to bend a straight line with ReLU, and to make a network non-linear with it
Builds on: Lesson 02
Guide: docs/02-architecture-components.md, 12 minutes
Minutes: 10
Run: python module_03/03_non_linear_classification.py
Writes:
    outputs/03_regression.png - a network without activation learns a line, nearly
    outputs/03_relu.png - one ReLU makes a bend or a half-plane, three a triangle
    outputs/03_boundaries.png - the boundary without activation and with ReLU
"""

# %% Setup
import matplotlib.pyplot as plt
import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import (
    Recorder,
    accuracy_fn,
    compare_curves,
    log_line,
    pick_device,
    plot_decision_boundary,
    plot_predictions,
    plot_relu_units,
    save_figure,
    save_player,
    save_results,
)

SEED = 42  # data, split and the first weights of every model
HIDDEN_UNITS = 10  # in each of the two hidden layers; lesson 02 had one layer of 5
LR = 0.1  # learning rate of SGD, as in lesson 02
EPOCHS = 1000  # for V1 and for the line; lesson 02 had 100
V2_EPOCHS = 1500  # V2 is still getting better after 1000
BEST_LINE = 60.2  # in %: the best straight line on circles without noise (lesson 02)

device = pick_device()

# %% 1. Data: the circles of lesson 02
# The same points and the same split as in lesson 02. Half of the points lie on the
# outer circle (class 0), half on the inner one (class 1), so guessing gets 50 % of them
# right.

X, y = make_circles(1000, noise=0.03, random_state=SEED)
X = torch.from_numpy(X).float().to(device)  # [1000, 2]
y = torch.from_numpy(y).float().to(device)  # [1000]
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, random_state=SEED
)
print(f"1. Circles: {len(X_train)} points to train on, {len(X_test)} to test on.")

# %% 2. The loop of lesson 02 as two functions
# This lesson trains three networks with the same five steps. So we write the steps
# once, as a function that takes everything it needs as arguments: the model, the data,
# the loss and the optimizer. The second function measures: in eval mode, and without
# gradients.
#
# Both return the loss as a number, and the model's outputs. From these outputs the
# loops below compute the accuracy. Only section 8 has no accuracy, because there the
# network predicts a number instead of a class.


def train_epoch(model, X, y, loss_fn, optimizer):
    """Do the five steps of lesson 02 once, on all rows."""
    model.train()
    # 1. Forward pass: [N, features] -> [N, 1] -> [N]
    logits = model(X).squeeze(1)
    # 2. Loss: one number for all rows
    loss = loss_fn(logits, y)
    # 3. Forget the gradients of the step before
    optimizer.zero_grad()
    # 4. Backward pass: a gradient for each parameter
    loss.backward()
    # 5. Step: each parameter moves against its gradient
    optimizer.step()
    return loss.item(), logits


def measure(model, X, y, loss_fn):
    """Return loss and outputs on rows from which the model does not learn."""
    model.eval()
    with torch.inference_mode():
        logits = model(X).squeeze(1)
        loss = loss_fn(logits, y)
    return loss.item(), logits


# %% 3. V1: deeper, wider, longer
# The network of lesson 02 stayed at chance. A bigger network that trains for longer is
# most people's first idea. V1 has two hidden layers instead of one. The units of a
# hidden layer are called hidden units.
#
# Each hidden layer has HIDDEN_UNITS units, and V1 trains for EPOCHS epochs, ten times
# as long as V0. As before, nothing stands between the layers. Section 13 will put an
# activation function there. V1 has none.

torch.manual_seed(SEED)
model_v1 = nn.Sequential(
    nn.Linear(2, HIDDEN_UNITS),
    nn.Linear(HIDDEN_UNITS, HIDDEN_UNITS),
    nn.Linear(HIDDEN_UNITS, 1),
).to(device)
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model_v1.parameters(), lr=LR)

n_parameters = 0
for parameter in model_v1.parameters():
    n_parameters += parameter.numel()
print(f"   V1 has {n_parameters} weights and biases.")

# %% 4. Train V1
# Question: does a bigger network, and more patience, get past chance?
#
# After each epoch we measure on the test set. Others have trained this very network and
# published their log. We print the same rows, so that you can compare. We choose
# nothing by them.
#
# As in lesson 02, a logit of 0 or more is label 1. A recorder keeps copies of the
# weights for the page that section 16 writes.

print(f"\n4. V1: two hidden layers of {HIDDEN_UNITS}, no activation, SGD, lr {LR}")
recorder_v1 = Recorder(model_v1, EPOCHS)
history_v1 = {"train_loss": [], "train_acc": [], "test_loss": [], "test_acc": []}
for epoch in range(EPOCHS):
    train_loss, logits = train_epoch(model_v1, X_train, y_train, loss_fn, optimizer)
    test_loss, test_logits = measure(model_v1, X_test, y_test, loss_fn)
    train_acc = accuracy_fn(y_train, logits >= 0)
    test_acc = accuracy_fn(y_test, test_logits >= 0)

    history_v1["train_loss"].append(train_loss)
    history_v1["train_acc"].append(train_acc)
    history_v1["test_loss"].append(test_loss)
    history_v1["test_acc"].append(test_acc)
    recorder_v1.snapshot(epoch)
    if epoch % 100 == 0:  # the rows of the published log
        print(log_line(epoch, history_v1))

# %% 5. What V1 has learned
# No. The loss stops at 0.69298. That is almost the 0.69315 of lesson 02, the loss of a
# model without any idea.
#
# But why 46 % on the test set, which is less than chance? Count all points. V1 is right
# for 500 of the 1000: exactly chance.
#
# V1's line happens to get a few more than half of the training points right. As it is
# right for exactly half of all points, it must be right for fewer than half of the test
# points. What it wins in one set, it loses in the other.

v1_test_acc = history_v1["test_acc"][-1]
with torch.inference_mode():
    logits = model_v1(X).squeeze(1)
v1_preds = logits >= 0
v1_right = int((v1_preds == y).sum())
print(f"V1 ends at {v1_test_acc:.2f}% on the test set.")
print(f"V1 is right for {v1_right} of all {len(X)} points.")

# %% 6. Why depth does not help: first with numbers
# Take one number x. The first layer doubles it and adds 1. The result is 2x + 1.
#
# The second layer takes this result. It multiplies it by 3 and adds 4.
#
# Now multiply out. Three times 2x is 6x.
#
# Three times the first bias is 3. Together with the second bias, 4, this makes 7.
#
# So the two layers are one layer, with weight 6 and bias 7. The second layer adds
# nothing. Check it with three values of x:

print("\n6. Two layers are one: 3 (2x + 1) + 4 = 6x + 7")
for x in [-1, 0, 5]:
    hidden = 2 * x + 1
    two_layers = 3 * hidden + 4  # = 3 (2x + 1) + 4 = 6x + 3 + 4
    one_layer = 6 * x + 7
    print(f"   x = {x:2d}: two layers give {two_layers:2d}, one gives {one_layer:2d}")

# %% 7. Then with matrices
# The layers of V1 do the same with more numbers. The weights of a layer form a matrix
# W, a table with one row of weights per unit. A layer multiplies each feature by its
# weight and adds the products, for every unit at once. This is a matrix product, and
# Python writes it with @.
#
# nn.Linear computes x W^T + b. The T only swaps rows and columns, so that the tables
# fit together. Call the weights of the three layers W1, W2 and W3. Put one layer into
# the next and multiply out. The last layer acts last, so its weights stand on the left:
# W3 W2 W1, again a matrix product.
#
# Each bias passes through the layers behind it, as the bias of our first layer was
# tripled above. The result is one layer with two weights and one bias. Whatever V1
# learns, its boundary is a straight line.

first, second, third = model_v1
with torch.inference_mode():
    W = third.weight @ second.weight @ first.weight  # [1, 2]
    b_two = second.weight @ first.bias + second.bias  # [10], of the first two layers
    b = third.weight @ b_two + third.bias  # [1], of all three
    three_layers = model_v1(X)  # [1000, 1]
    one_layer = X @ W.T + b  # [1000, 1]
    differences = three_layers - one_layer
    difference = differences.abs().max()

w1, w2 = W.flatten().tolist()
bias = b.item()
print(f"\n7. V1 as one layer: {w1:.4f} x1 + {w2:.4f} x2 + {bias:.4f}")
print(f"   The logits differ by at most {difference:.0e}.")

# %% 8. Does the loop work? A line to learn
# V1 cannot do better, because it is only a straight line. But is our loop correct, too?
# To find out, take a problem that a network without activation must be able to solve:
# the line y = 0.7 x + 0.3.
#
# Predicting a number instead of a class is called regression. The right answer is then
# called the target. The output is the number itself, and L1Loss is the mean distance
# between prediction and target.
#
# The network learns from the left part of the line and is tested on the right part.

x_line = torch.arange(0, 1, 0.01).to(device)  # [100]: 0.00, 0.01, ..., 0.99
x_line = x_line.unsqueeze(1)  # [100, 1], the opposite of squeeze(1)
y_line = 0.7 * x_line.squeeze(1) + 0.3  # [100]
x_left = x_line[:80]  # to train on
x_right = x_line[80:]  # to test on
y_left = y_line[:80]
y_right = y_line[80:]

torch.manual_seed(SEED)
model_line = nn.Sequential(
    nn.Linear(1, HIDDEN_UNITS),
    nn.Linear(HIDDEN_UNITS, HIDDEN_UNITS),
    nn.Linear(HIDDEN_UNITS, 1),
).to(device)
l1_loss = nn.L1Loss()
optimizer = torch.optim.SGD(model_line.parameters(), lr=LR)
with torch.inference_mode():
    first_preds = model_line(x_right).squeeze(1)  # before any training

# %% 9. Train on the line
# Question: does the same function train_epoch learn this line?

print("\n9. Regression: V1's form with one input, on the line y = 0.7 x + 0.3")
history_line = {"train_loss": [], "test_loss": []}
line_preds = []  # the predictions on the right part, epoch by epoch
for epoch in range(EPOCHS):
    # _ is the usual name for what we do not need, here the outputs
    train_loss, _ = train_epoch(model_line, x_left, y_left, l1_loss, optimizer)
    test_loss, preds = measure(model_line, x_right, y_right, l1_loss)

    history_line["train_loss"].append(train_loss)
    history_line["test_loss"].append(test_loss)
    line_preds.append(preds)
    if epoch % 100 == 0:  # the rows of the published log
        print(log_line(epoch, history_line))

first_loss = history_line["train_loss"][0]
last_loss = history_line["train_loss"][-1]
line_test_loss = history_line["test_loss"][-1]
print(f"The training loss went from {first_loss:.5f} to {last_loss:.5f}.")
print(f"The test loss of the last epoch is {line_test_loss:.5f}.")

# %% 10. Look at the line
# Yes, nearly. The training loss falls from 0.75986 to 0.05068. So the loop works, and a
# network without activation can learn: straight lines.
#
# But the test loss does not settle. It is 0.00603 at epoch 900, and 0.13566 at the end.
# The figure shows the line before training and after each of the last two epochs.

fig, (left, middle, right) = plt.subplots(
    1, 3, figsize=(12, 4.2), layout="constrained", sharey=True
)
plot_predictions(x_left, y_left, x_right, y_right, first_preds, ax=left)
plot_predictions(x_left, y_left, x_right, y_right, line_preds[-2], ax=middle)
plot_predictions(x_left, y_left, x_right, y_right, line_preds[-1], ax=right)
left.set_title("before training")
middle.set_title(f"after {EPOCHS - 1} epochs")
right.set_title(f"after {EPOCHS} epochs")
middle.set_ylabel("")
right.set_ylabel("")
left.get_legend().remove()
right.get_legend().remove()
fig.suptitle(f"y = 0.7 x + 0.3, network without activation, SGD, lr {LR}, seed {SEED}")
save_figure(fig, "03_regression.png")
# What to see: training brings the predictions from far below up to the line. But from
# one epoch to the next they jump off it again. The steps are too long to hit the line
# exactly. Lesson 15 shows what to do about it.

# %% 11. What one ReLU does
# An activation function stands between two layers and is not a straight line. ReLU, the
# rectified linear unit, keeps what is positive and replaces the rest by 0: ReLU(z) =
# max(0, z). It has no parameters.
#
# One number first. 2x - 1 is a straight line. ReLU of it is 0 as long as x is below one
# half, and rises from there on: the line has a bend. No linear layer can make one.
#
# Two features next. One unit computes ReLU(w1 x1 + w2 x2 + b). Where the sum is
# negative, its output is 0. That is so everywhere on one side of a straight line. Such
# a side is called a half-plane.
#
# Question: what do three such units make together? We set their weights by hand and add
# their outputs. No output is negative, so the total is 0 only where all three are 0.
# There we say class 1.

x = torch.linspace(-1, 2, 61)
straight = 2 * x - 1
bent = torch.relu(straight)

weights = torch.tensor(
    [
        [1.0, 0.0],  # points to the right: the output grows in this direction
        [-0.5, 0.87],  # points to the upper left
        [-0.5, -0.87],  # points to the lower left
    ]
)
biases = torch.tensor([-0.8, -0.8, -0.8])  # each line passes the centre at distance 0.8
outputs = torch.relu(X_test.cpu() @ weights.T + biases)  # [200, 3]
total = outputs.sum(dim=1)  # [200]
three_units_preds = total == 0  # [200], True means class 1
three_units_acc = accuracy_fn(y_test, three_units_preds)
print(f"\n11. Three ReLU units, set by hand: {three_units_acc:.1f}% of the test points")
print(f"    The best straight line on circles without noise: {BEST_LINE}%")

# %% 12. Look at what ReLU does
# From left to right: one unit with one feature, one unit with two features, and the
# three units added. In the last two panels the test points of the circles lie on top.

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
left.plot(x, straight, color="0.6", linestyle="--", label="z = 2x - 1")
left.plot(x, bent, color="black", label="ReLU(z)")
left.legend()
left.set_xlabel("feature $x$")
# weights[:1] is the first unit alone
plot_relu_units(weights[:1], biases[:1], X_test, y_test, ax=middle)
plot_relu_units(weights, biases, X_test, y_test, ax=right)
left.set_title("one unit, one feature: a bend")
middle.set_title("one unit, two features: a half-plane")
right.set_title("three units, added: a triangle")
fig.suptitle(f"What ReLU does, and the test points of the circles, seed {SEED}")
save_figure(fig, "03_relu.png")
# What to see: white is where the output is 0, and the darker the grey, the larger the
# output. One unit cuts off one side. Three units leave a triangle, and a triangle is
# closed, as a circle is.
#
# If we call its inside class 1, we are right for 77.5 % of the points. With more units,
# the shape could have more corners and fit better.

# %% 13. V2: the same network with ReLU
# V2 is V1 with a ReLU after each hidden layer, but not after the last layer: a logit
# must be able to be negative. ReLU has no parameters, so with the same seed V2 starts
# from the same weights. Now the layers cannot be multiplied out, because each unit has
# a bend.
#
# Question: we set the weights of the triangle by hand. Can training find such units
# by itself?

torch.manual_seed(SEED)
model_v2 = nn.Sequential(
    nn.Linear(2, HIDDEN_UNITS),
    nn.ReLU(),
    nn.Linear(HIDDEN_UNITS, HIDDEN_UNITS),
    nn.ReLU(),
    nn.Linear(HIDDEN_UNITS, 1),
).to(device)
optimizer = torch.optim.SGD(model_v2.parameters(), lr=LR)
recorder_v2 = Recorder(model_v2, V2_EPOCHS)
history_v2 = {"train_loss": [], "train_acc": [], "test_loss": [], "test_acc": []}

# %% 14. Train V2
# The loop is that of section 4. Only the model and the number of epochs are new.

print(f"\n14. V2: two hidden layers of {HIDDEN_UNITS} with ReLU, SGD, lr {LR}")
for epoch in range(V2_EPOCHS):
    train_loss, logits = train_epoch(model_v2, X_train, y_train, loss_fn, optimizer)
    test_loss, test_logits = measure(model_v2, X_test, y_test, loss_fn)
    train_acc = accuracy_fn(y_train, logits >= 0)
    test_acc = accuracy_fn(y_test, test_logits >= 0)

    history_v2["train_loss"].append(train_loss)
    history_v2["train_acc"].append(train_acc)
    history_v2["test_loss"].append(test_loss)
    history_v2["test_acc"].append(test_acc)
    recorder_v2.snapshot(epoch)
    if epoch % 100 == 0:  # the rows of the published log
        print(log_line(epoch, history_v2))

# %% 15. What V2 has learned
# Yes. V2 reaches 86.5 % after 1000 epochs, and 99 % at the end. For a long time it
# looked as hopeless as V1: a flat loss is not always the end.
#
# So a bend between the layers was missing, not more layers. But luck plays a part, too:
# with 20 different seeds for its weights, V2 reaches between 50.5 and 99 % after as
# many epochs as V1 had. Lesson 13 is about that.

look_at = min(EPOCHS, V2_EPOCHS)  # as many epochs as V1 had
v2_test_acc_1000 = history_v2["test_acc"][look_at - 1]
v2_test_acc = history_v2["test_acc"][-1]
print(f"V2 reaches {v2_test_acc_1000:.2f}% after {look_at} epochs.")
print(f"V2 ends at {v2_test_acc:.2f}% on the test set after {V2_EPOCHS} epochs.")

# %% 16. Look: a straight line and a closed curve
# save_player() writes a page to open in a browser. It shows both networks at any epoch.
# Move its slider, and click a unit of V2 to see the half-plane of that unit.

runs = {
    "V1: no activation, SGD": (recorder_v1, history_v1),
    "V2: ReLU, SGD": (recorder_v2, history_v2),
}
levels = {"chance 50": 50, f"best line, no noise {BEST_LINE}": BEST_LINE}
circles = (X_train, X_test, y_train, y_test)
save_player("03_non_linear_classification", circles, runs, references=levels)

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4.4), layout="constrained")
plot_decision_boundary(model_v1, X_test, y_test, ax=left, limits_from=X)
plot_decision_boundary(model_v2, X_test, y_test, ax=middle, limits_from=X)
histories = {"V1": history_v1, "V2": history_v2}
compare_curves(histories, "test_acc", ax=right, references=levels)
left.set_title(f"V1, no activation: {v1_test_acc:.1f}% right")
middle.set_title(f"V2, ReLU: {v2_test_acc:.1f}% right")
right.set_title("accuracy by epoch")
size = f"2-{HIDDEN_UNITS}-{HIDDEN_UNITS}-1"
fig.suptitle(f"Circles, test points: {size}, SGD, lr {LR}, seed {SEED}")
save_figure(fig, "03_boundaries.png")
# What to see: V1 draws a straight line and stays at chance. V2 draws a closed curve
# made of straight pieces: it has a corner where a unit bends.
#
# Near the beginning the accuracy of V2 jumps up for a moment. That is not progress. All
# its probabilities are near 0.5 there, so a small shift changes many labels.

# %% 17. What we learned
# - Linear layers on top of each other are one linear layer. Without an activation, all
#   the parameters of V1 do no more than three could: two weights and a bias. So V1 ends
#   at chance.
# - To find out whether a loop works, give it a problem that the model must be able to
#   solve.
# - ReLU bends. With it between the layers, the same network in the same loop draws a
#   closed curve around the inner circle, and reaches 99 %.

results = {
    "v1_test_acc": v1_test_acc,
    "v1_right_of_all": v1_right,
    "v1_as_one_layer_w1": w1,
    "v1_as_one_layer_w2": w2,
    "v1_as_one_layer_bias": bias,
    "v1_as_one_layer_diff": difference.item(),
    "line_test_loss": line_test_loss,
    "three_units_acc": three_units_acc,
    "v2_test_acc_1000": v2_test_acc_1000,
    "v2_test_acc": v2_test_acc,
}
histories = {
    "V1_linear_2_10_10_1": history_v1,
    "regression_1_10_10_1": history_line,
    "V2_relu_2_10_10_1": history_v2,
}
save_results("03_non_linear_classification", results, histories)

# %% 18. Try it
# Predict first, then change one number at the top and run the lesson again.
# 1. Set EPOCHS = 5000. Does V1 get better with patience?
# 2. Set LR = 0.3. Which of V1 and V2 gains from longer steps?
# 3. Set HIDDEN_UNITS = 2. Can two units per layer close a curve?
#
# Answers:
# 1. No: it still ends at 46.00 %, and it is right for 500 of all 1000 points.
# 2. V2 gains: it reaches 99.50 % after 1000 epochs. V1 ends at 46.00 %, as before.
# 3. No: V2 ends at 53.00 %. Two straight lines do not enclose anything.
