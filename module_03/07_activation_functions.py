"""Lesson 07: Activation functions

Question: What does an activation do?
You will learn:
    - to compute ReLU, sigmoid and tanh by hand, and how steep each one is
    - to write an activation so that no large number breaks it
    - to see how a layer of ReLU units folds the plane, and why one cut is then enough
Builds on: Lessons 03 and 06
Guide: docs/02-architecture-components.md, 12 minutes
Minutes: 9
Run: python module_03/07_activation_functions.py
Writes:
    outputs/07_curves.png - ReLU, sigmoid and tanh: their values and their slopes
    outputs/07_hidden_units.png - eight hidden units, and what ReLU makes of them
"""

# %% Setup
import torch
from sklearn.datasets import make_circles
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import (
    Recorder,
    accuracy_fn,
    fit,
    pick_device,
    plot_activations,
    plot_fold,
    print_row,
    print_table,
    save_figure,
    save_player,
    save_results,
)

SEED = 42  # data, split and first weights
HIDDEN_UNITS = 8  # of the network that we look into
LR = 0.05  # learning rate of Adam
EPOCHS = 200  # how often the network sees all training points
LOG_EVERY = 20  # epochs between two lines of the log
SHOWN = 300  # training points in a picture; all 800 would hide each other
device = pick_device()

# %% 1. ReLU: keep what is positive
# An activation takes the number of one unit and returns another number. It does so for
# each unit on its own. Lesson 03 used ReLU: a positive number stays, all others
# become 0.
#
# The slope says how much the output changes when the input changes a little. Where
# ReLU keeps the input, its slope is 1. Where it gives 0, its slope is 0.
#
# Why does the slope matter? In backpropagation, each gradient that passes back through
# a unit is multiplied by the slope of that unit. A slope of 0 stops the gradient.
#
# We compute values and slopes by hand for five numbers, and compare with PyTorch. It
# has its own ReLU, and backward() gives the slopes. The part of PyTorch that does this
# is called autograd.
#
# backward() starts from a single number, so the function below adds up the outputs.
# Each input changes only its own output. So the gradient of the sum is, for each input,
# the slope at that input.


def slopes_by_autograd(activation, x):
    """Return the slope of an activation at each number of x."""
    inputs = x.clone()  # a copy, so that x itself stays as it is
    inputs.requires_grad_()  # tells PyTorch that we want gradients of these numbers
    total = activation(inputs).sum()
    total.backward()
    return inputs.grad  # as many slopes as inputs


x = torch.tensor([-5.0, -1.0, 0.0, 1.0, 5.0])
positive = x > 0
relu = torch.where(positive, x, 0.0)  # x where it is positive, else 0
relu_slope = positive.float()  # 1 where it is positive, else 0

print("1. ReLU")
print_row("input x", x, ".0f")
print_row("value by hand", relu)
print_row("value, PyTorch", torch.relu(x))
print_row("slope by hand", relu_slope)
print_row("slope, PyTorch", slopes_by_autograd(torch.relu, x))

# At 0 the line has a corner and no slope. PyTorch takes 0 there, and so do we.

# %% 2. Sigmoid: squeeze into 0 to 1
# Sigmoid computes 1 / (1 + e^-x). Lesson 02 made probabilities with it.
#
# For x = 0 the power e^-x is one. So sigmoid(0) is one half, or 0.5.
#
# The slope follows from the value: value times (1 - value). At x = 0 it is one half
# times one half, or 0.25.
#
# Question: the further x is from 0, the closer the value comes to 0 or 1. What happens
# to the slope?

sigmoid = 1 / (1 + torch.exp(-x))
sigmoid_slope = sigmoid * (1 - sigmoid)

print("\n2. Sigmoid")
print_row("input x", x, ".0f")
print_row("value by hand", sigmoid)
print_row("value, PyTorch", torch.sigmoid(x))
print_row("slope by hand", sigmoid_slope)
print_row("slope, PyTorch", slopes_by_autograd(torch.sigmoid, x))

# Answer: it shrinks. At 5 it is 0.007. The largest slope of sigmoid is the one at 0,
# and even there only a quarter of the gradient passes.

# %% 3. Tanh: squeeze into -1 to 1
# Tanh looks like sigmoid, but it goes from -1 to 1. Books write it as
# (e^x - e^-x) / (e^x + e^-x).
#
# For x = 0 both powers are equal. The upper part is their difference, so tanh(0) is 0.
#
# Its slope is 1 minus the square of its value. For x = 0 the slope is 1, which is four
# times the slope of sigmoid.
#
# Question: ReLU keeps its slope at 5, and sigmoid nearly loses it. And tanh?

e_plus = torch.exp(x)
e_minus = torch.exp(-x)
tanh = (e_plus - e_minus) / (e_plus + e_minus)
tanh_slope = 1 - tanh**2

print("\n3. Tanh")
print_row("input x", x, ".0f")
print_row("value by hand", tanh)
print_row("value, PyTorch", torch.tanh(x))
print_row("slope by hand", tanh_slope, ".4f")
print_row("slope, PyTorch", slopes_by_autograd(torch.tanh, x), ".4f")

# Answer: it loses even more. At 5 its slope is 0.0002. Sigmoid and tanh are both flat
# far from 0.
#
# Only ReLU keeps its slope there, on the positive side.

# %% 4. Large numbers break the formula in the book
# Networks can make large numbers. e^200 does not fit into float32, the type of our
# tensors, so it becomes inf (infinity). The tanh of the book then divides inf by inf,
# and the result is nan, "not a number".
#
# The cure for tanh: if x is positive, we divide the upper and the lower part by e^x.
# That gives (1 - q) / (1 + q), where q is e^-2x. For a positive x, q is never too
# large.
#
# A negative x first loses its sign, which is written |x|. At the end the result gets
# its minus sign back.
#
# Sigmoid has two forms that say the same: 1 / (1 + e^-x) and e^x / (e^x + 1). For
# negative x we take the second one, because e^x is small there.
#
# We test 4001 inputs from -200 to 200 and compare with PyTorch.

x = torch.linspace(-200, 200, 4001)  # step 0.1
book_tanh = (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x))
broken = book_tanh.isnan()  # True where the book's formula gives nan
book_tanh_nans = int(broken.sum())
broken_inputs = x[broken].abs()
first_broken = broken_inputs.min().item()

shrunk = torch.exp(-x.abs())  # e^-|x|, at most 1
q = shrunk**2  # e^-2|x|
tanh_without_sign = (1 - q) / (1 + q)
tanh = x.sign() * tanh_without_sign  # sign() is 1 for a positive x, -1 for a negative
sigmoid = torch.where(x >= 0, 1 / (1 + shrunk), shrunk / (1 + shrunk))
positive = x > 0
relu = torch.where(positive, x, 0.0)

print("\n4. The same with large numbers")
print(f"   tanh of the book: {book_tanh_nans} of {len(x)} values are nan")
print(f"   the first nan comes at |x| = {first_broken:.1f}")

# %% 5. The largest difference from PyTorch
# The slopes follow from the new values as before. For each function we look for the
# largest difference from PyTorch, among all values and among all slopes.
#
# Python writes very small numbers with an e: 3e-08 is 3, divided by ten eight times.

values = {"ReLU": relu, "sigmoid": sigmoid, "tanh": tanh}
slopes = {
    "ReLU": positive.float(),
    "sigmoid": sigmoid * (1 - sigmoid),
    "tanh": 1 - tanh**2,
}
of_pytorch = {"ReLU": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}

print("\n5. By hand against PyTorch: the largest difference")
largest_gap = 0.0
for name, activation in of_pytorch.items():
    value_gaps = (values[name] - activation(x)).abs()
    slope_gaps = (slopes[name] - slopes_by_autograd(activation, x)).abs()
    value_gap = value_gaps.max().item()
    slope_gap = slope_gaps.max().item()
    largest_gap = max(largest_gap, value_gap, slope_gap)
    print(f"   {name:8} value {value_gap:.0e}, slope {slope_gap:.0e}")

# The differences are no more than rounding, because a float32 has about 7 digits.

fig = plot_activations(x, values, slopes)
save_figure(fig, "07_curves.png")
# What to see: near 0 each function rises. Sigmoid and tanh are flat at both ends, so
# almost no gradient passes there. ReLU is flat on the left side only.

# %% 6. A network to look into
# What does an activation do for a network? We take the circles of lesson 02 again, and
# a network with one hidden layer and ReLU. It is small enough to look at every unit.
#
# The recorder keeps copies of the weights for the page that section 11 writes. The log
# also shows the test set. We choose nothing by it.
#
# Question: lesson 03 took two hidden layers of ten units. Are eight units in one
# layer enough?

X, y = make_circles(1000, noise=0.03, random_state=SEED)
X = torch.from_numpy(X).float().to(device)  # [1000, 2]
y = torch.from_numpy(y).float().to(device)  # [1000]
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, random_state=SEED
)  # 800 and 200 points

torch.manual_seed(SEED)
model = nn.Sequential(
    nn.Linear(2, HIDDEN_UNITS),
    nn.ReLU(),
    nn.Linear(HIDDEN_UNITS, 1),
).to(device)
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
recorder = Recorder(model, EPOCHS)

# %% 7. Train it
# fit is the loop of lesson 04 in one function.

print(f"\n7. Circles: 2-{HIDDEN_UNITS}-1 with ReLU, Adam, lr {LR}")
history = fit(
    model,
    X_train,
    X_test,
    y_train,
    y_test,
    loss_fn,
    optimizer,
    EPOCHS,
    log_every=LOG_EVERY,
    recorder=recorder,
)
train_acc = history["train_acc"][-1]
test_acc = history["test_acc"][-1]
print(f"   It ends at {train_acc:.2f}% on the training set")
print(f"   and at {test_acc:.2f}% on the test set.")

# %% 8. One hidden unit
# Yes, they are enough. How do they do it? We take the first hidden unit. Before ReLU it
# is w1 * x1 + w2 * x2 + b. This is 0 on a straight line, positive on one side of it and
# negative on the other.
#
# ReLU sets the negative side to 0. So the unit is "on", that is above 0, on one side of
# the line. The points on the other side all get one and the same number. That is a
# fold.
#
# Question: is this unit on for points of one circle only?

outer = y_train == 0  # [800], True for the points of class 0
inner = y_train == 1
with torch.inference_mode():
    before = model[0](X_train)  # [800, 8], before ReLU
    after = model[1](before)  # [800, 8], after ReLU
    logits = model(X_train).squeeze(1)  # [800]

first_unit = before[:, 0]  # [800]
lowest = first_unit.min().item()
highest = first_unit.max().item()
n_outer_on = int((first_unit[outer] > 0).sum())
n_inner_on = int((first_unit[inner] > 0).sum())

print("\n8. The first hidden unit, on the training points")
print(f"   before ReLU it lies between {lowest:.2f} and {highest:.2f}")
print(f"   after ReLU it is on for {n_outer_on} of {int(outer.sum())} outer points")
print(f"   and for {n_inner_on} of {int(inner.sum())} inner points")

# Answer: no. Its line cuts a piece off both circles, so it is on for points of both.

# %% 9. All hidden units
# What else tells the circles apart? The further a point lies beyond the line, the
# larger the output of the unit is. And the outer circle reaches further.
#
# Each row of the table is one unit. It says for how many points of each circle the unit
# is on, and what its highest output is there.

rows = []
n_off_units = 0
for unit in range(HIDDEN_UNITS):
    output = after[:, unit]  # [800]
    outer_output = output[outer]  # [400]
    inner_output = output[inner]  # [400]
    n_outer_on = int((outer_output > 0).sum())
    n_inner_on = int((inner_output > 0).sum())
    outer_highest = f"{outer_output.max():.2f}"
    inner_highest = f"{inner_output.max():.2f}"
    if n_outer_on + n_inner_on == 0:
        n_off_units += 1
    rows.append([unit, n_outer_on, n_inner_on, outer_highest, inner_highest])

all_off = (after == 0).all(dim=1)  # [800], True where all eight units are off
n_all_off = int(all_off.sum())
n_inner_all_off = int(all_off[inner].sum())

print("\n9. Points for which a unit is on, and its highest output")
print_table(["unit", "outer on", "inner on", "outer highest", "inner highest"], rows)
print(f"   Units that are off for every point: {n_off_units}")
print(f"   Points for which all units are off: {n_all_off}")
print(f"   Of these, points of the inner circle: {n_inner_all_off}")

# Seven units each cut off a piece of the plane. Their highest output is more than twice
# as high on the outer circle as on the inner one.
#
# One unit is off for every point. It is called dead, because no gradient reaches its
# weights while it is off. Lesson 18 is about such units.

# %% 10. One straight cut
# The last layer is linear, so it can only make one straight cut through the numbers
# that it gets. How good can such a cut be, before ReLU and after it?
#
# Logistic regression finds the cut with the lowest loss. It is a single linear layer
# that is trained for the same loss, as in lesson 06. By default scikit-learn's version
# also keeps the weights small. A large C turns most of that off.
#
# Question: what share of the training points is right with a cut before ReLU?

numbers_before = before.cpu()
numbers_after = after.cpu()
labels = y_train.cpu()
cut_before = LogisticRegression(C=10_000)
cut_before.fit(numbers_before, labels)
cut_after = LogisticRegression(C=10_000)
cut_after.fit(numbers_after, labels)
cut_before_acc = 100 * cut_before.score(numbers_before, labels)
cut_after_acc = 100 * cut_after.score(numbers_after, labels)

print("\n10. A straight cut through the numbers of the hidden layer")
print(f"    before ReLU it is right for {cut_before_acc:.1f}% of the training points")
print(f"    after ReLU for {cut_after_acc:.1f}%")

# Answer: 51.0 %, hardly better than chance. Before ReLU the hidden numbers are linear
# in x1 and x2, so one circle still lies inside the other. After ReLU the cut is right
# for all points.

# %% 11. Look at the fold
# Left: the plane with the line of each unit. It is darker where more units are on.
#
# Middle: the eight numbers of each point before ReLU. Eight numbers are eight
# directions, and paper has only two. Principal component analysis (PCA) finds the two
# directions in which the points spread most.
#
# Right: the eight numbers after ReLU. Sideways is one such direction, and the height is
# the logit. The black line at 0 is the cut that the network's last layer makes.

save_player(
    "07_activation_functions",
    (X_train, X_test, y_train, y_test),
    {f"2-{HIDDEN_UNITS}-1, ReLU": (recorder, history)},
)

panel_titles = [
    "grey: units are on",
    f"before ReLU: cut {cut_before_acc:.1f}% right",
    f"after ReLU: cut {cut_after_acc:.1f}% right",
]
fig = plot_fold(model, X_train[:SHOWN], y_train[:SHOWN], panel_titles)
size = f"2-{HIDDEN_UNITS}-1"
fig.suptitle(
    f"{size} with ReLU on circles, Adam, lr {LR}, {EPOCHS} epochs, seed {SEED}"
)
save_figure(fig, "07_hidden_units.png")
# What to see: in the white middle no unit is on. All points there become the same eight
# zeros, the tip in the right panel. The other inner points lie on short lines that
# start at the tip. So ReLU pulls the inner circle together, and one cut separates it
# from the outer circle.

# %% 12. Where does an activation belong?
# After each hidden layer, but not after the last layer. Logits must be able to be
# negative, because a negative logit is how the network says class 0.
#
# Question: what happens to the accuracy if we put a ReLU after the trained network?

acc_without = accuracy_fn(y_train, logits >= 0)
cut_off = torch.relu(logits)  # the mistake
acc_with = accuracy_fn(y_train, cut_off >= 0)
print("\n12. Accuracy on the training set")
print(f"    the network as it is:      {acc_without:.1f}%")
print(f"    with a ReLU on its logits: {acc_with:.1f}%")

# Answer: it falls to chance. No logit is negative any more, so every point gets class
# 1. BCEWithLogitsLoss takes logits as well, so no activation belongs before it.

# %% 13. What we learned
# - An activation bends. ReLU keeps what is positive. Sigmoid and tanh squeeze, and far
#   from 0 their slopes let almost no gradient pass. For hidden layers start with ReLU.
# - A formula that is right on paper can give nan. Write it with e^-|x|, or take
#   PyTorch's functions, which do so.
# - A ReLU unit moves all points on one side of a line to the same number. A few such
#   folds are enough for one straight cut to separate the circles.

results = {
    "sigmoid_slope_at_0": sigmoid_slope[2].item(),
    "sigmoid_slope_at_5": sigmoid_slope[4].item(),
    "tanh_slope_at_5": tanh_slope[4].item(),
    "largest_gap": largest_gap,
    "book_tanh_nans": book_tanh_nans,
    "test_acc": test_acc,
    "dead_units": n_off_units,
    "cut_before_relu": cut_before_acc,
    "cut_after_relu": cut_after_acc,
    "inner_points_at_zero": n_inner_all_off,
    "relu_on_logits_acc": acc_with,
}
save_results("07_activation_functions", results)

# %% 14. Try it
# Predict first, then change one number at the top and run the lesson again.
#
# 1. Set HIDDEN_UNITS = 1. How good is a straight cut after a single fold?
# 2. Set HIDDEN_UNITS = 3. A triangle is closed. Is it enough?
# 3. Set EPOCHS = 50. Are the folds in place by then?
#
# Answers:
# 1. As good as a guess: the cut is right for 50.0%, because the one unit is off for all
#    800 points.
# 2. No. The cut is right for 78.1%. A triangle fits a circle only roughly.
# 3. Nearly: the cut is right for 99.4%. But the white middle is still missing, because
#    all units are off for 0 points.
