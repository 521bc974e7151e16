"""Lesson 01: Introduction to binary classification

Question: What goes into a classifier, and what comes out of it?
You will learn:
    - to turn a table of numbers into tensors that a network accepts
    - to compute one unit of a network by hand
    - to build a network in two ways, and to read what it returns
Builds on: Python with its loops and lists, and a first look at NumPy
Guide: docs/01-classification-intro.md, 11 minutes
Minutes: 8
Run: python module_03/01_binary_classification_intro.py
Writes:
    outputs/01_in_and_out.png - in: points on two circles; out: one logit per point
"""

# %% Setup
import matplotlib.pyplot as plt
import pandas as pd
import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import (
    accuracy_fn,
    logits_to_labels,
    pick_device,
    plot_logits,
    plot_points,
    save_figure,
    save_results,
)

SEED = 42  # makes all random numbers come out the same on every run
N_POINTS = 1000  # points, one half on each circle
NOISE = 0.03  # how far points stray from their circle; the circles are 0.2 apart
HIDDEN_UNITS = 5  # units in the first layer of the network; section 6 explains them

device = pick_device()  # a GPU if there is one, else the CPU

# %% 1. Three kinds of classification
# A classifier answers one question: which class does this belong to?
# There are three kinds of such problems. They differ in how many classes there are,
# and in how many of them can be true at once.
# This lesson is about the first kind. Lesson 04 takes the second, lesson 11 the third.

print("1. Three kinds of classification")
print("   binary       two classes, one is true       is this message spam?")
print("   multi-class  many classes, one is true      which digit is this?")
print(
    "   multi-label  many classes, any may be true  which topics does this text have?"
)

# %% 2. Data: a table of numbers
# What goes into a classifier is a table. Each row is one sample, here a point.
# Each column is a feature: a number that describes the sample. Our points have two
# features, x1 and x2, which say where the point lies.
#
# The last column is the label: the right answer. Label 0 means that the point lies on
# the outer circle, label 1 that it lies on the inner circle.
#
# make_circles() from scikit-learn invents such points, and a pandas DataFrame shows
# them as a table.

X_numpy, y_numpy = make_circles(N_POINTS, noise=NOISE, random_state=SEED)
table = pd.DataFrame(X_numpy, columns=["x1", "x2"])
table["label"] = y_numpy
n_class_0 = (y_numpy == 0).sum()  # True or False per label; True counts as 1
n_class_1 = (y_numpy == 1).sum()

print("\n2. Data: the first five rows of the table")
print(table.head())
print("Points of class 0:", n_class_0)
print("Points of class 1:", n_class_1)

# %% 3. From the table to tensors
# PyTorch computes with tensors. A tensor is a block of numbers, like a NumPy array.
# Its shape says how many numbers it holds in each direction: [1000, 2] is 1000 rows
# of 2 numbers each. By custom the features are called X and the labels y.
#
# Its dtype says how each number is stored. NumPy uses float64. Networks use float32,
# which keeps fewer digits but is faster. A network refuses features of another dtype,
# so .float() changes them to float32.
#
# The labels become float32 too. They are whole numbers, but section 10 calculates with
# them.

X = torch.from_numpy(X_numpy).float()  # [1000, 2]
y = torch.from_numpy(y_numpy).float()  # [1000]

print("\n3. From the table to tensors")
print("X has the shape", list(X.shape))
print("y has the shape", list(y.shape))
print("X was", X_numpy.dtype, "and is now", X.dtype)
print("y was", y_numpy.dtype, "and is now", y.dtype)

# %% 4. Split, and move to the device
# A network learns from examples. We want to know how well it does on new ones. So we
# put one fifth of the points aside. They are the test set, and the network never learns
# from them. The other points are the training set.
#
# train_test_split() shuffles the points first and then splits them. It keeps each point
# together with its label.
#
# Data and network must be on the same device, the CPU or a GPU. pick_device() says
# which one this computer has, and .to(device) moves a tensor there. Code written like
# this runs on both, so it is called device-agnostic.

X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, random_state=SEED
)
X_train = X_train.to(device)
X_test = X_test.to(device)
y_train = y_train.to(device)
y_test = y_test.to(device)

print("\n4. Split and device")
print("Training set: X", list(X_train.shape), "and y", list(y_train.shape))
print("Test set:     X", list(X_test.shape), "and y", list(y_test.shape))
print("This run uses the device:", device)

# %% 5. One unit, computed by hand
# A network is made of units. One unit turns the features of a point into one number.
# It multiplies each feature by a number of its own, the weight of that feature.
# It adds the products. Then it adds one more number, its bias.
#
# So a unit computes w1 * x1 + w2 * x2 + b. That is all. Here is such a unit, with
# weights and a bias that we made up.

w1 = 0.5  # weight of x1
w2 = -1.0  # weight of x2
b = 0.25  # bias

x1 = X_train[0, 0].item()  # row 0, column 0; item() makes it a plain Python number
x2 = X_train[0, 1].item()  # row 0, column 1
product_1 = w1 * x1
product_2 = w2 * x2
unit_by_hand = product_1 + product_2 + b

print("\n5. One unit, computed by hand for the first training point")
print(f"w1 * x1 = {w1:5.2f} * {x1:7.4f} = {product_1:7.4f}")
print(f"w2 * x2 = {w2:5.2f} * {x2:7.4f} = {product_2:7.4f}")
print(f"b                         = {b:7.4f}")
print(f"The sum of these three    = {unit_by_hand:7.4f}")

# %% 6. A network is layers of units
# Units that look at the same numbers form a layer. nn.Linear(2, 5) is a layer: two
# numbers go in, and five come out. So it has five units, and each of them looks at the
# same two features.
#
# The next layer, nn.Linear(5, 1), has a single unit. It turns those five numbers into
# one.
#
# nn.Sequential chains layers: what one layer returns goes into the next. We call this
# network 2-5-1: two features, five units, one output. The layers before the last one
# are hidden layers, because nobody sees their numbers from outside.
#
# Nobody makes up the weights and biases. They begin as random numbers, and training
# will change them. torch.manual_seed() makes the random numbers the same on every run.
# In code, a network is usually called a model.

torch.manual_seed(SEED)
model = nn.Sequential(
    nn.Linear(2, HIDDEN_UNITS),  # [N, 2] -> [N, 5], for N points at once
    nn.Linear(HIDDEN_UNITS, 1),  # [N, 5] -> [N, 1]
).to(device)

print("\n6. A network is layers of units")
print(model)

# %% 7. The same sum, inside the network
# Does a layer really do no more than we did by hand? We take the weights and the bias
# of the first unit out of the first layer, and compute its sum for the same point.
# Then we ask the layer. inference_mode() says that we only look and do not train.

first_layer = model[0]
weights = first_layer.weight[0]  # the weights of all units are [5, 2]: one row per unit
bias = first_layer.bias[0]  # the biases are [5]: one number per unit
w1 = weights[0].item()
w2 = weights[1].item()
b = bias.item()
first_unit_by_hand = w1 * x1 + w2 * x2 + b

with torch.inference_mode():
    hidden = first_layer(X_train)  # [800, 2] -> [800, 5]
first_unit_by_layer = hidden[0, 0].item()  # the first point, the first unit

print("\n7. The first unit of the network, for the first training point")
print(f"Its random weights are {w1:.4f} and {w2:.4f}, its bias is {b:.4f}")
print(f"The sum by hand:  {first_unit_by_hand:.4f}")
print(f"The layer's sum:  {first_unit_by_layer:.4f}")

# %% 8. The same network, written as a class
# You will often see networks written as a class. __init__ makes the layers and names
# them. Its first line, super().__init__(), lets PyTorch prepare the class. forward says
# how the numbers flow through the layers.
#
# Nobody calls forward by its name. model(X) does that for us. A class can do more than
# a chain of layers, but this one does the same.
#
# The same seed gives the same random weights. So both networks return the same.
#
# The weights and biases are the parameters of a network. Each of the five hidden units
# has two weights and a bias. The last unit has five weights and a bias. How many
# parameters are there?


class CircleModelV0(nn.Module):
    def __init__(self, hidden_units):
        super().__init__()
        self.layer_1 = nn.Linear(in_features=2, out_features=hidden_units)
        self.layer_2 = nn.Linear(in_features=hidden_units, out_features=1)

    def forward(self, X):
        hidden = self.layer_1(X)  # [N, 2] -> [N, 5]
        return self.layer_2(hidden)  # [N, 5] -> [N, 1]


torch.manual_seed(SEED)
model_from_class = CircleModelV0(HIDDEN_UNITS).to(device)

with torch.inference_mode():
    column = model(X_test)  # [200, 2] -> [200, 1]
    column_from_class = model_from_class(X_test)  # [200, 2] -> [200, 1]
same = torch.equal(column, column_from_class)

n_parameters = 0
for parameter in model.parameters():
    n_parameters += parameter.numel()  # how many numbers are in this tensor

print("\n8. The same network, written as a class")
print("Both networks return exactly the same numbers:", same)
print("Parameters of the network:", n_parameters)

# %% 9. What comes out: logits
# Five hidden units with 3 parameters each, and a last unit with 6, make 21.
#
# The network returns one number per point. It is called a logit. A logit of 0 or more
# means class 1, a negative one means class 0. The further it is from zero, the surer
# the network is.
#
# Mind the shapes. The network returns a column, [200, 1]: 200 rows of one number. The
# labels are plain, [200]. squeeze(1) drops the direction that has only one entry, so
# the logits become [200] too. No number is lost.
#
# Without it, PyTorch compares each label with each logit, all 200 * 200 pairs, and does
# not complain.
#
# Before you look at the output: the weights are still random. What share of the test
# points will this network get right? This share is called the accuracy.

logits = column.squeeze(1)  # [200, 1] -> [200]
preds = logits_to_labels(logits)  # [200], each 0 or 1
n_said_0 = (preds == 0).sum().item()
n_said_1 = (preds == 1).sum().item()
untrained_test_acc = accuracy_fn(y_test, preds)  # percent
wrong_comparison = torch.eq(y_test, column)  # equal? [200] against [200, 1]

print("\n9. What comes out of the untrained network")
print("Logits before squeeze(1):", list(column.shape))
print("Logits after squeeze(1): ", list(logits.shape))
print("Labels compared without squeeze(1):", list(wrong_comparison.shape))
print(f"Smallest logit: {logits.min():.3f}")
print(f"Largest logit:  {logits.max():.3f}")
print("Points that get class 0:", n_said_0)
print("Points that get class 1:", n_said_1)
print(f"Accuracy on the test set: {untrained_test_acc:.2f}%")

# %% 10. The loss: how wrong is the network?
# With seed 42 every logit is negative. So all points get class 0, and half of them
# belong there. Tossing a coin does just as well. This is the chance level, 50 % here.
# Always compare a result with it.
#
# Training needs a finer measure than right or wrong. The loss says in one number how
# wrong the logits are, and training makes it smaller. For two classes we use
# BCEWithLogitsLoss: BCE stands for binary cross entropy. Lesson 08 computes it by hand.
# Guide 02 lists the losses for other problems.
#
# A logit of 0 lies exactly between the two classes. So a network that returns 0 for
# every point has no idea. Is the loss of our network lower than that?

loss_fn = nn.BCEWithLogitsLoss()
untrained_test_loss = loss_fn(logits, y_test).item()
zeros = torch.zeros_like(logits)  # [200]
loss_without_idea = loss_fn(zeros, y_test).item()

print("\n10. The loss on the test set")
print(f"Untrained network: {untrained_test_loss:.5f}")
print(f"All logits 0:      {loss_without_idea:.5f}")

# %% 11. Look: what goes in, what comes out
# No. The loss of our network is even a little higher. Lesson 02 trains it. Here are
# both ends of the network in one picture.

names = ["class 0, outer", "class 1, inner"]
fig, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
plot_points(X_test, y_test, axes[0])
plot_logits(logits, y_test, axes[1], class_names=names)
axes[0].set_title(f"in: {len(X_test)} test points")
axes[1].set_title(f"out: one logit per point, {untrained_test_acc:.1f}% right")
fig.suptitle(f"Untrained network 2-{HIDDEN_UNITS}-1 on circles, seed {SEED}")

print("\n11. A picture of what goes in and what comes out")
save_figure(fig, "01_in_and_out.png")
# What to see in 01_in_and_out.png: on the left you can tell the two circles apart at
# once.
#
# On the right each dot is the logit of one of these points. Only its place from left to
# right counts. Within a row, the dots are spread up and down so that they do not hide
# each other.
#
# A good network puts the lower row left of the black line, and the upper row right of
# it. This one is not trained: both rows lie on the same side and cover nearly the same
# range.

# %% 12. What we learned
# A table of features goes in, as float32 of shape [N, 2]. Each unit multiplies each
# feature by a weight, adds the products, and adds its bias. One logit per row comes
# out, and its sign is the answer. Before training that answer is worth nothing: 50 %
# are right, no more than by chance.

results = {
    "n_parameters": n_parameters,
    "unit_by_hand": unit_by_hand,
    "first_unit_by_hand": first_unit_by_hand,
    "first_unit_by_layer": first_unit_by_layer,
    "class_returns_the_same": int(same),
    "untrained_test_acc": untrained_test_acc,
    "untrained_test_loss": untrained_test_loss,
    "loss_without_idea": loss_without_idea,
}
save_results("01_binary_classification_intro", results)

# %% 13. Try it
# Predict first, then change one number at the top and run the lesson again.
# 1. Set HIDDEN_UNITS = 50. How many parameters does the network have?
# 2. Set SEED = 7. Points, split and random weights change. Is the untrained network
#    still at exactly 50 %?
# 3. Set NOISE = 0.2. What does the left panel look like? Could any network be right
#    about every point?
#
# Answers:
# 1. Each hidden unit still has 3. The last unit has 51 now. Together that makes 201.
# 2. No. This time all 200 points get class 1. By luck more than half of the test points
#    belong to it, so 56.50 % are right. The network has learned nothing.
# 3. The circles are as far apart as the points stray, so they run into each other.
#    Where both classes lie in the same place, no network can be right about all.
