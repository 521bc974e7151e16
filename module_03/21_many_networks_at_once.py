"""Lesson 21: Many networks at once

Question: How do 64 networks train in the time of about ten?
You will learn:
    - to stack the weights of many networks into one block of numbers
    - to turn a function for one network into a function for all of them
    - to measure a gain in speed fairly, and to check that no number changes
Builds on: Lessons 02 and 13
Guide: docs/12-reproducibility.md, 15 minutes
Minutes: 8
Run: python module_03/21_many_networks_at_once.py
Writes:
    outputs/21_losses.png - the losses of all networks, trained in two ways
"""

# %% Setup
import time

import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn
from torch.func import functional_call, grad, grad_and_value, stack_module_state, vmap

from helper_functions import (
    pick_device,
    plot_losses_together,
    print_table,
    save_figure,
    save_results,
)

SEED = 42  # data and split; each network has a seed of its own
N_NETWORKS = 64  # networks, with the seeds 0, 1, 2, ...
N_POINTS = 200  # training points; the fewer points, the larger the gain
HIDDEN_UNITS = 10  # units in each of the two hidden layers
LR = 0.5  # learning rate of SGD
EPOCHS = 50  # few, because 64 networks are trained twice

device = pick_device()

# %% 1. Data, and why there is something to gain
# Lesson 13 trained 16 networks one after another, and sometimes you need hundreds. One
# step of such a small network takes less than a thousandth of a second. Most of this
# time is not arithmetic. Python and PyTorch look up what to do, and get ready to do it.
#
# If one call does the arithmetic of 64 networks, this preparation is needed only once.
# So the gain is large where the arithmetic is small. That is why we take 200 points.

X, y = make_circles(1000, noise=0.03, random_state=SEED)
X = torch.from_numpy(X).float().to(device)  # [1000, 2]
y = torch.from_numpy(y).float().to(device)  # [1000]
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, random_state=SEED
)
X_train = X_train[:N_POINTS]  # [200, 2]
y_train = y_train[:N_POINTS]  # [200]

print("1. Data")
print(f"   {len(X_train)} training points; this lesson needs no test set")

# %% 2. Model
# The network of lesson 13: three linear layers with ReLU between them.


class CircleModel(nn.Module):
    def __init__(self, hidden_units):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2, hidden_units),
            nn.ReLU(),
            nn.Linear(hidden_units, hidden_units),
            nn.ReLU(),
            nn.Linear(hidden_units, 1),
        )

    def forward(self, X):
        return self.layers(X)  # [N, 2] -> [N, 1]


print(f"\n2. The model: 2-{HIDDEN_UNITS}-{HIDDEN_UNITS}-1 with ReLU")

# %% 3. One by one
# First the way we know: a loop over the seeds, and in it the five steps. We keep each
# loss and measure the time.
#
# The clock must be fair. The first steps in a program are slow, because PyTorch loads
# what it needs at its first use. So we train one network that does not count, as a
# warm-up, and only then start the clock.


def train_one(model, X, y, lr, epochs):
    loss_fn = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        logits = model(X).squeeze(1)  # [200, 1] -> [200]
        loss = loss_fn(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


torch.manual_seed(SEED)
model_warm_up = CircleModel(HIDDEN_UNITS).to(device)
train_one(model_warm_up, X_train, y_train, LR, EPOCHS)

losses_alone = []  # one list of losses per network
start = time.perf_counter()  # seconds
for seed in range(N_NETWORKS):
    torch.manual_seed(seed)
    model = CircleModel(HIDDEN_UNITS).to(device)
    losses_of_one = train_one(model, X_train, y_train, LR, EPOCHS)
    losses_alone.append(losses_of_one)
seconds_alone = time.perf_counter() - start

print(f"\n3. {N_NETWORKS} networks one by one, {EPOCHS} epochs each")
print(f"   {seconds_alone:.2f} seconds")

# %% 4. Stack the weights
# Now the other way. We build the same networks again, from the same seeds, and train
# none of them yet.
#
# stack_module_state puts the weights of all networks on top of each other. It returns a
# dictionary with one tensor for each parameter, under its name. It also returns the
# buffers, other numbers that some layers keep. Our layers keep none.
#
# detach() returns a tensor without the record that backward() needs. We will train
# these networks without backward(), because torch.func has another way to find
# gradients.

models = []
for seed in range(N_NETWORKS):
    torch.manual_seed(seed)
    model = CircleModel(HIDDEN_UNITS).to(device)
    models.append(model)

stacked, buffers = stack_module_state(models)
weights = {}
for name in stacked:
    weights[name] = stacked[name].detach()

rows = []
for name, parameter in models[0].named_parameters():
    one_shape = list(parameter.shape)
    all_shape = list(weights[name].shape)
    rows.append([name, one_shape, all_shape])

print("\n4. The shapes of the weights")
print_table(["name", "one network", "all networks"], rows)

# %% 5. The loss as a function of the weights
# So far a model kept its weights inside. functional_call(model, weights, (X,)) runs a
# model with weights that we give it. It uses the layers of the model, but not the
# numbers in them. (X,) is a tuple with one item, the only input of our model.
#
# So loss_of is a function of the weights: other weights, another loss. grad(loss_of) is
# a new function, which returns the gradient of that loss by its first argument, the
# weights: one tensor for each name. It does what loss.backward() does, but it returns
# the gradients instead of writing them into .grad.
#
# Question: are these the gradients that backward() finds? We try it with one network.


def loss_of(weights, model, X, y):
    logits = functional_call(model, weights, (X,)).squeeze(1)  # [200, 1] -> [200]
    loss_fn = nn.BCEWithLogitsLoss()
    return loss_fn(logits, y)


first = models[0]
first_weights = dict(first.named_parameters())
first_loss = loss_of(first_weights, first, X_train, y_train)
first_loss.backward()
by_backward = first.layers[0].bias.grad  # [10], bias of the first layer

gradient_of = grad(loss_of)
gradients = gradient_of(first_weights, first, X_train, y_train)
by_grad = gradients["layers.0.bias"]  # [10]
gaps = (by_grad - by_backward).abs()  # [10]
gradient_difference = gaps.max().item()
sizes = by_backward.abs()  # [10]
gradient_size = sizes.max().item()

print("\n5. The gradient of the first bias, for one network")
print(f"   largest entry:      {gradient_size:.6f}")
print(f"   largest difference: {gradient_difference:.0e}")

# %% 6. From one network to all of them
# Answer to section 5: they are, up to rounding. The largest difference is far below
# one millionth; e-10 in the log means divided by ten, ten times.
#
# Now comes the step that gives this lesson its name.
#
# vmap turns a function for one network into a function for all of them. in_dims has an
# entry for each argument: 0 means that it is stacked along the first dimension, None
# that all networks share it. Weights are stacked. Model, points and labels are shared.
#
# grad_and_value is like grad, and returns the loss as well.

step_of_one = grad_and_value(loss_of)
step_of_all = vmap(step_of_one, in_dims=(0, None, None, None))
gradients, losses = step_of_all(weights, first, X_train, y_train)

print("\n6. One call for all networks")
print(f"   losses: {list(losses.shape)}")
print(f"   gradient of the first bias: {list(gradients['layers.0.bias'].shape)}")

# %% 7. Train all of them together
# The call above was also the warm-up. Now the clock starts.
#
# The step is the rule of lesson 02, for all networks at once:
#
#     new = old - learning rate * gradient
#
# The networks do not influence each other, because a weight changes only the loss of
# its own network.
#
# Question: how many times as fast is it to train 64 networks together?

losses_together = []  # one tensor [64] per epoch
start = time.perf_counter()  # seconds
for _ in range(EPOCHS):
    gradients, losses = step_of_all(weights, first, X_train, y_train)
    for name in weights:
        weights[name] = weights[name] - LR * gradients[name]
    losses_together.append(losses.cpu())  # to the CPU, as item() does in section 3
seconds_together = time.perf_counter() - start

gain = seconds_alone / seconds_together
seconds_per_network = seconds_alone / N_NETWORKS
networks_in_that_time = seconds_together / seconds_per_network

print(f"\n7. {N_NETWORKS} networks together, {EPOCHS} epochs")
print(f"   {seconds_together:.2f} seconds, {gain:.1f} times as fast")
print(f"   in that time the loop trains {networks_in_that_time:.0f} networks")

# %% 8. The same losses?
# Answer to section 7: how much you gain depends on your machine, and on what else it
# does. On ours the loop trained between seven and thirteen networks in that time.
#
# Speed is worth nothing if the numbers change. So we compare each loss of each network
# in each epoch. They can differ by rounding, because numbers are added in another
# order. float32 keeps about 7 digits, so we ask for a difference below one millionth.

together = torch.stack(losses_together, dim=1)  # [64, 50], a row per network
alone = torch.tensor(losses_alone)  # [64, 50]
differences = (together - alone).abs()  # [64, 50]
loss_difference = differences.max().item()
final_loss_alone = alone[:, -1].mean().item()  # the last epoch, mean over the networks
final_loss_together = together[:, -1].mean().item()
lowest_loss = together.min().item()

print("\n8. The same losses?")
print(f"   mean of the last losses, one by one: {final_loss_alone:.6f}")
print(f"   mean of the last losses, together:   {final_loss_together:.6f}")
print(f"   largest difference of all: {loss_difference:.0e}")
if loss_difference < 1e-6:
    print("   Below one millionth: the same, up to rounding.")
else:
    print("   More than one millionth: the steps have magnified the rounding.")

# %% 9. Look: two ways, one result
# Each network that was trained together with the others gets a line. Two of them also
# get dots, one per epoch, from when they were trained alone: the one whose loss ends
# lowest, and the one whose loss ends highest.

last_losses = together[:, -1]  # [64]
lowest = last_losses.argmin().item()  # the seed whose loss ends lowest
highest = last_losses.argmax().item()
two = {
    f"seed {lowest}, one by one": losses_alone[lowest],
    f"seed {highest}, one by one": losses_alone[highest],
}
fig = plot_losses_together(together, two)
name = f"{N_NETWORKS} networks 2-{HIDDEN_UNITS}-{HIDDEN_UNITS}-1"
fig.suptitle(f"{name} on circles, {N_POINTS} training points, SGD lr {LR}")
print("\n9. A picture of all losses")
save_figure(fig, "21_losses.png")
# What to see: each network goes its own way, because each has its own first weights.
# The dots lie on the lines. So training together changes no network.

# %% 10. What we learned
# A step of a small network is mostly preparation. So stack the weights of many networks
# and make the loss a function of the weights. grad finds its gradient, and vmap runs it
# for all networks. The preparation is needed once, and the numbers stay the same up to
# rounding.
#
# Start the clock only after a warm-up. And compare a faster way with the slow one,
# number by number, before you trust it.

results = {
    "gradient_size": gradient_size,
    "gradient_difference": gradient_difference,
    "final_loss_alone": final_loss_alone,
    "final_loss_together": final_loss_together,
    "lowest_loss": lowest_loss,
    "loss_difference": loss_difference,
}
save_results("21_many_networks_at_once", results)

# %% 11. Try it
# Predict first, then change one number at the top and run the lesson again.
# 1. Set N_NETWORKS = 8. Is the gain larger or smaller?
# 2. Set N_POINTS = 800. Now each step has four times as much arithmetic. What happens
#    to the gain?
# 3. Set LR = 2.0 and EPOCHS = 100. Are the losses still the same?
#
# Answers:
# 1. Smaller: the preparation is shared by fewer networks.
# 2. It gets much smaller. Arithmetic is not saved, only the preparation is.
# 3. No. Long steps make a small difference larger, step by step. In the end rounding
#    has become a difference that you can see.
