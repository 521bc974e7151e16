"""Lesson 18: Vanishing gradients

Question: Why do deep networks stop learning?
You will learn:
    - to measure how large the gradient is in each layer of a deep network
    - to find dead ReLU units, and to say when they do harm
    - to draw first weights that suit ReLU
Builds on: Lesson 07
Guide: docs/06-improving-models.md, 14 minutes
Minutes: 10
Run: python module_03/18_vanishing_gradients.py
Writes:
    outputs/18_vanishing_gradients.png - gradients by layer with sigmoid, tanh and ReLU
    outputs/18_dead_units.png - loss and dead units by epoch, with three recipes
"""

# %% Setup
import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import (
    Recorder,
    find_dead_units,
    fit,
    pick_device,
    plot_dead_units,
    plot_gradients_by_layer,
    print_table,
    save_figure,
    save_player,
    save_results,
)

SEED = 42  # data, split and first weights, where nothing else is said
UNITS = 16  # in each hidden layer
DEEP = 8  # hidden layers of a deep network
NETWORKS = 10  # untrained networks to measure; one alone could be luck
LR = 0.02  # learning rate of Adam
HIGH_LR = 0.5  # 25 times that
EPOCHS = 100  # of each training
STUCK_SEED = 22  # first weights with which a deep ReLU network fails, see section 13
device = pick_device()

# %% 1. A chain of eight sigmoid units
# Deep means many hidden layers. We begin with one unit per layer, each with the weight
# 1 and no bias. Then every unit is just the sigmoid of the unit before it.
#
# In backpropagation the gradient is multiplied by the slope of each unit that it
# passes. If value is the output of a sigmoid, its slope is value times (1 - value), as
# in lesson 07. That is at most one quarter.
#
# Question: how much of the gradient is left after eight of them? Guess a number first.

rows = []
number = torch.tensor(0.5)  # what goes into the first unit
left = 1.0  # the share of the gradient that passes, so far
for unit in range(1, DEEP + 1):
    number = 1 / (1 + torch.exp(-number))
    slope = number * (1 - number)
    left = left * slope
    rows.append([unit, f"{number:.3f}", f"{slope:.3f}", f"{left:.7f}"])
chain_by_hand = left.item()

x = torch.tensor(0.5, requires_grad=True)  # the same with autograd, as in lesson 07
value = x
for _ in range(DEEP):
    value = torch.sigmoid(value)
value.backward()
chain_by_autograd = x.grad.item()

print("1. A chain of sigmoid units")
print_table(["unit", "value", "slope", "product of slopes"], rows)
print(f"   by hand:     {chain_by_hand:.9f}")
print(f"   by autograd: {chain_by_autograd:.9f}")

# Answer: next to nothing, 0.0000069. Eight factors of about one quarter are enough for
# that. With ReLU and a positive input each slope is 1, and the product is 1, too.

# %% 2. Data: the circles
# The points and the split of lesson 02. The loss is that of all lessons with two
# classes.

X, y = make_circles(1000, noise=0.03, random_state=SEED)
X = torch.from_numpy(X).float().to(device)  # [1000, 2]
y = torch.from_numpy(y).float().to(device)  # [1000]
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, random_state=SEED
)  # 800 and 200 points
loss_fn = nn.BCEWithLogitsLoss()
print(f"\n2. Circles: {len(X_train)} points to train on, {len(X_test)} to test on")

# %% 3. Deep networks, and the size of their gradients
# A real network has many units per layer, and weights that are not 1. We need it with
# several activations and depths, so a function builds it: a linear layer and an
# activation for each hidden layer, and a linear layer with one output at the end.
#
# The second function does one forward and one backward pass. Then each weight has its
# gradient. For each hidden layer we take the mean size, without the signs. Nothing is
# trained here, because no optimizer makes a step.


def deep_network(activation, n_layers, n_units):
    """Return a network for two features with this many hidden layers."""
    layers = [nn.Linear(2, n_units), activation()]
    for _ in range(n_layers - 1):
        layers.append(nn.Linear(n_units, n_units))
        layers.append(activation())
    layers.append(nn.Linear(n_units, 1))
    return nn.Sequential(*layers)  # * hands them over one by one


def gradient_sizes(model, X, y, loss_fn):
    """Return the mean |gradient| of the weights in each hidden layer."""
    logits = model(X).squeeze(1)
    loss = loss_fn(logits, y)
    model.zero_grad()  # there is no optimizer here, so the model clears its gradients
    loss.backward()
    sizes = []
    for layer in model[:-1]:  # all but the last layer, which is not hidden
        if isinstance(layer, nn.Linear):  # activations have no weights
            size = layer.weight.grad.abs().mean()
            sizes.append(size.item())
    return sizes


# %% 4. Gradients by layer
# We measure networks that are not trained yet, with ten different first weights each,
# and print the median: the middle one of the ten.
#
# The gradient comes from the loss, so it reaches the last layer first and layer 1 last.
# Read the rows from right to left. Python writes 0.001 as 1e-03.
#
# Each step in the exponent is a factor of ten. From 1e-03 to 1e-05 two such factors
# are lost.
#
# Question: which of the three activations loses most on the way to layer 1?

activations = {"ReLU": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}
sizes = {}  # for each activation a list of gradients by layer, one per network
powers_lost = {}
rows = []
for name, activation in activations.items():
    sizes[name] = []
    for seed in range(NETWORKS):
        torch.manual_seed(seed)
        model = deep_network(activation, DEEP, UNITS).to(device)
        sizes[name].append(gradient_sizes(model, X_train, y_train, loss_fn))
    table = torch.tensor(sizes[name])  # [10, 8]
    median = table.quantile(0.5, dim=0)  # [8], half of the networks lie below it
    ratio = median[-1] / median[0]  # the last layer against the first one
    powers_lost[name] = torch.log10(ratio).item()  # 1000 is 3 powers of ten
    cells = [f"{size:.0e}" for size in median.tolist()]
    rows.append([name, *cells])

print(f"\n4. Mean |gradient| by hidden layer, median of {NETWORKS} networks")
print_table(["layer", *range(1, DEEP + 1)], rows)
for name, lost in powers_lost.items():
    print(f"   {name}: {lost:.1f} powers of ten are lost on the way to layer 1")

fig = plot_gradients_by_layer(sizes)
fig.suptitle(
    f"Untrained: {DEEP} layers of {UNITS} on circles, seeds 0 to {NETWORKS - 1}"
)
save_figure(fig, "18_vanishing_gradients.png")
# What to see: one step up on the left axis is a factor of ten. Sigmoid falls by seven
# steps on the way back to layer 1. This is called a vanishing gradient. ReLU and tanh
# lose between one and two.

# %% 5. Three networks to train
# A layer with a tiny gradient hardly moves with SGD, because SGD moves each weight by
# learning rate times gradient. Adam makes steps of about the same size for small and
# large gradients. So perhaps the vanishing gradient does no harm with Adam?
#
# We train a deep network with sigmoid, the same with ReLU, and a network with sigmoid
# that has only two hidden layers. Before the training we look at the logits of all
# training points, and print how far the highest one lies above the lowest one.

networks = {
    "deep, sigmoid": (nn.Sigmoid, DEEP),
    "deep, ReLU": (nn.ReLU, DEEP),
    "two layers, sigmoid": (nn.Sigmoid, 2),
}
print("\n5. Before training: from the lowest to the highest logit")
for name, (activation, n_layers) in networks.items():
    torch.manual_seed(SEED)
    model = deep_network(activation, n_layers, UNITS).to(device)
    with torch.inference_mode():
        logits = model(X_train)
    spread = (logits.max() - logits.min()).item()
    print(f"   {name:20} {spread:.0e}")

# The deep network with sigmoid says nearly the same for every point, whatever comes in.

# %% 6. Train them
# fit is the loop of lesson 04 in one function. Its log shows the test set as well. We
# choose nothing by it. To see whether a network learns, the training loss is enough.
#
# Question: which of the three learn?

final_loss = {}
final_test_acc = {}
for name, (activation, n_layers) in networks.items():
    print(f"\n6. {name}: {n_layers} hidden layers of {UNITS}, Adam, lr {LR}")
    torch.manual_seed(SEED)
    model = deep_network(activation, n_layers, UNITS).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    history = fit(
        model,
        X_train,
        X_test,
        y_train,
        y_test,
        loss_fn,
        optimizer,
        EPOCHS,
        log_every=EPOCHS // 5,
    )
    final_loss[name] = history["train_loss"][-1]
    final_test_acc[name] = history["test_acc"][-1]
    print(f"   The training loss ends at {final_loss[name]:.5f}.")

# Answer: ReLU learns, and reaches 100 %. The deep network with sigmoid stays at ln 2,
# about 0.693, the loss of a network that knows nothing. Adam does not help here: the
# small slopes of sigmoid shrink the differences between points on the way forward, too.
# The last layer sees nearly the same numbers for each point.
#
# With two layers, sigmoid learns slowly. Its loss has begun to fall, to 0.67975. So it
# takes both, sigmoid and depth, to stop the learning.

# %% 7. Dead units
# ReLU has a weakness of its own: its slope is 0 for negative inputs. A unit whose input
# is negative for every row gives 0 for every row. It is called a dead unit. No gradient
# passes through it, and its own weights get no gradient either.
#
# find_dead_units() looks at every hidden unit and says which of them give 0 for all
# rows. Here is what it does, written out for the first layer of an untrained network.

torch.manual_seed(SEED)
model = deep_network(nn.ReLU, 2, UNITS).to(device)
linear = model[0]
relu = model[1]
with torch.inference_mode():
    sums = linear(X_train)  # [800, 16]
    hidden = relu(sums)  # [800, 16]
is_zero = hidden == 0  # [800, 16]
dead_by_hand = is_zero.all(dim=0)  # [16], True where a unit is 0 for every row
n_dead_first = int(dead_by_hand.sum())
dead = find_dead_units(model, X_train)  # [32], both hidden layers
n_dead_start = int(dead.sum())

print(f"\n7. Dead units of an untrained 2-{UNITS}-{UNITS}-1 with ReLU")
print(f"   first layer, by hand:      {n_dead_first} of {UNITS}")
print(f"   both layers, the function: {n_dead_start} of {len(dead)}")

# %% 8. Three recipes
# Some units are dead before any training. Is that bad? We train three times: with the
# usual learning rate, with a high one, and with the high one and LeakyReLU.
#
# Why should a high rate matter? One long step can push the weights of a unit so far
# that its input is negative for all points. Then it is dead, and its own gradient
# cannot bring it back.
#
# LeakyReLU is ReLU with the slope 0.01 in place of 0 on the negative side. So its
# output is not 0 there, and some gradient always passes.

recipes = {
    f"ReLU, lr {LR}": (nn.ReLU, LR),
    f"ReLU, lr {HIGH_LR}": (nn.ReLU, HIGH_LR),
    f"LeakyReLU, lr {HIGH_LR}": (nn.LeakyReLU, HIGH_LR),
}
print(f"\n8. Recipes for 2-{UNITS}-{UNITS}-1 with Adam:", list(recipes))

# %% 9. Train, and count after each epoch
# The loop is that of lesson 02, with two lines more. One looks for dead units, the
# other keeps the weights for the page that section 11 writes.
#
# Question: how many of the units are dead at the end with the high rate, and does the
# network still learn?

runs = {}  # for each recipe its recorder and its losses
dead_by_epoch = {}  # for each recipe [100, 32]: which units are dead after each epoch
for name, (activation, lr) in recipes.items():
    torch.manual_seed(SEED)
    model = deep_network(activation, 2, UNITS).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    recorder = Recorder(model, EPOCHS)
    history = {"train_loss": []}
    dead_units = []
    for epoch in range(EPOCHS):
        # 1. Forward pass: [800, 2] -> [800, 1] -> [800]
        logits = model(X_train).squeeze(1)
        # 2. Loss
        loss = loss_fn(logits, y_train)
        # 3. Forget the gradients of the step before
        optimizer.zero_grad()
        # 4. Backward pass
        loss.backward()
        # 5. Step
        optimizer.step()
        history["train_loss"].append(loss.item())
        dead_units.append(find_dead_units(model, X_train))
        recorder.snapshot(epoch)
    runs[name] = (recorder, history)
    dead_by_epoch[name] = torch.stack(dead_units)

# %% 10. Count them
# The table counts at the end of the training, in both layers and in the second one
# alone. A unit has come back if it was dead after some epoch and is not dead at the
# end.

rows = []
n_dead = {}
n_back = {}
test_accs = {}
for name, (recorder, history) in runs.items():
    dead = dead_by_epoch[name]  # [100, 32]
    at_end = dead[-1]  # [32]
    at_some_time = dead.any(dim=0)  # [32]
    n_dead[name] = int(at_end.sum())
    second_layer = at_end[UNITS:]  # [16]
    n_second = int(second_layer.sum())
    n_back[name] = int(at_some_time.sum()) - n_dead[name]
    with torch.inference_mode():
        test_logits = recorder.model(X_test).squeeze(1)  # [200]
    test_preds = test_logits >= 0
    right = (test_preds == y_test).float()
    test_accs[name] = 100 * right.mean().item()
    loss = history["train_loss"][-1]
    acc = f"{test_accs[name]:.2f}%"
    rows.append([name, n_dead[name], n_second, n_back[name], f"{loss:.5f}", acc])

print("\n10. At the end of the training")
header = ["recipe", "dead", "in layer 2", "came back", "training loss", "test accuracy"]
print_table(header, rows)

# %% 11. Look at the dead units
# save_player() writes a page to open in a browser. Move its slider and click a unit: a
# dead one gives 0 everywhere on the points.

circles = (X_train, X_test, y_train, y_test)
save_player("18_vanishing_gradients", circles, runs)

losses = {}
dead_curves = {}  # for each recipe the number of dead units after each epoch
for name, (_, history) in runs.items():
    losses[name] = history["train_loss"]
    dead_curves[name] = dead_by_epoch[name].sum(dim=1).tolist()
fig = plot_dead_units(losses, dead_curves)
fig.suptitle(f"2-{UNITS}-{UNITS}-1 on circles, Adam, {EPOCHS} epochs, seed {SEED}")
save_figure(fig, "18_dead_units.png")
# What to see: with the usual rate a few units are dead, and the loss falls all the
# same. At the high rate the first steps kill most units. After a short peak the loss
# stays where it began. LeakyReLU has no dead unit and learns at the high rate, too.

# %% 12. When do dead units do harm?
# A few dead units are harmless, because the others do the work. But at the high rate 27
# of 32 are dead, and with them all 16 units of the second layer.
#
# Dead is not always for ever, as the column "came back" shows. A dead unit has the
# gradient 0, so plain SGD would leave its weights where they are. Adam moves by an
# average of earlier gradients, and so it goes on for some steps. And a unit of the
# second layer can wake up when the first layer changes.
#
# We ask the network at the high rate for its lowest and highest logit, and for its
# gradients by layer.
#
# Question: which numbers do you expect, if the whole second layer gives 0?

stuck_recorder, _ = runs[f"ReLU, lr {HIGH_LR}"]
model_stuck = stuck_recorder.model
with torch.inference_mode():
    logits = model_stuck(X_train)
lowest = logits.min().item()
highest = logits.max().item()
stuck_gradients = gradient_sizes(model_stuck, X_train, y_train, loss_fn)
print("\n12. The network at the high rate, after the training")
print(f"    logits from {lowest:.6f} to {highest:.6f}")
print(f"    mean |gradient| in its hidden layers: {stuck_gradients}")

# Answer: every point gets the same logit, the bias of the last layer. And no gradient
# gets past the dead layer. So the network is stuck at ln 2, and more epochs would not
# help.
#
# In such a case, first lower the learning rate. If too many units still die, try
# LeakyReLU.

# %% 13. First weights that suit ReLU
# In section 4, ReLU lost some of its gradient, too. The reason lies in the first
# weights. PyTorch draws those of nn.Linear evenly between -1 and 1, and divides each by
# the square root of the number of inputs.
#
# That is too small for ReLU, which also sets about half of the numbers to 0. So from
# layer to layer the numbers shrink on the way forward, and the gradients on the way
# back.
#
# How the first weights are drawn is called initialisation. He initialisation, named
# after Kaiming He, makes them larger, just as much as ReLU needs. Their standard
# deviation, which says how far they usually lie from their mean, becomes the square
# root of 2 / inputs. Then numbers and gradients should keep about the same size from
# layer to layer.
#
# We compare the same network with both. We take a seed with which the deep ReLU network
# fails, to see whether He initialisation can save it.
#
# Question: do all layers really get gradients of about the same size?

torch.manual_seed(STUCK_SEED)
model_default = deep_network(nn.ReLU, DEEP, UNITS).to(device)

torch.manual_seed(STUCK_SEED)
model_he = deep_network(nn.ReLU, DEEP, UNITS).to(device)
for layer in model_he:
    if isinstance(layer, nn.Linear):
        # The _ at the end of the name: it draws new weights into the same tensor.
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")

gradients_default = gradient_sizes(model_default, X_train, y_train, loss_fn)
gradients_he = gradient_sizes(model_he, X_train, y_train, loss_fn)
he_ratio = torch.tensor(gradients_he[-1] / gradients_he[0])
he_powers_lost = torch.log10(he_ratio).item()
std_default = model_default[2].weight.std().item()
std_he = model_he[2].weight.std().item()

rows = []
for name, by_layer in [("default", gradients_default), ("He", gradients_he)]:
    cells = [f"{size:.0e}" for size in by_layer]
    rows.append([name, *cells])
print(f"\n13. Mean |gradient| by hidden layer, seed {STUCK_SEED}")
print_table(["layer", *range(1, DEEP + 1)], rows)
print(f"   powers of ten lost with He: {he_powers_lost:.1f}")
print("   standard deviation of the weights of layer 2:")
print(f"   default {std_default:.3f}, He {std_he:.3f}")

# %% 14. Train both
# Yes, nearly: with He all layers have gradients of about the same size. And the first
# weights are more than twice as large.
#
# Both networks are now trained in the same way. Nothing but the first weights differs.
# After each training we count the dead units of each layer.
#
# Question: do larger first weights save the network?

print(f"\n14. {DEEP} hidden layers of {UNITS} with ReLU, Adam, lr {LR}")
he_models = {"default": model_default, "He": model_he}
he_test_accs = {}
for name, model in he_models.items():
    print(f"{name}:")
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    history = fit(
        model,
        X_train,
        X_test,
        y_train,
        y_test,
        loss_fn,
        optimizer,
        EPOCHS,
        log_every=EPOCHS // 5,
    )
    he_test_accs[name] = history["test_acc"][-1]
    dead = find_dead_units(model, X_train)
    dead_by_layer = dead.reshape(DEEP, UNITS).sum(dim=1)  # [8]
    loss = history["train_loss"][-1]
    print(f"   The training loss ends at {loss:.5f}.")
    print(f"   Dead units in layers 1 to {DEEP}: {dead_by_layer.tolist()}")

# Answer: yes. With the default, layer 5 dies as a whole, all 16 units of it. Then the
# loss stays at ln 2, as with the high rate. With He no layer dies, and the network
# learns.
#
# One seed proves little, and we took one that fails. Over 40 seeds, 3 deep ReLU
# networks get stuck with the default and none with He. So the default works most of the
# time, and He initialisation is safer.

# %% 15. What we learned
# - On its way back the gradient is multiplied by the weights and slopes of each layer.
#   Deep sigmoid networks lose it: seven powers of ten over eight layers. ReLU loses far
#   less, because its slope is 1 for positive inputs. Tanh loses as little here, because
#   its slope near 0 is 1, too.
# - A ReLU unit that is 0 for every row is dead. A few do no harm. When a whole layer
#   dies, the network is stuck. Lower the learning rate first, then try LeakyReLU.
# - For deep ReLU networks, draw the first weights with He initialisation.

n_dead_usual = n_dead[f"ReLU, lr {LR}"]
n_dead_high = n_dead[f"ReLU, lr {HIGH_LR}"]
n_back_high = n_back[f"ReLU, lr {HIGH_LR}"]
results = {
    "chain_by_hand": chain_by_hand,
    "chain_by_autograd": chain_by_autograd,
    "relu_powers_of_ten_lost": powers_lost["ReLU"],
    "sigmoid_powers_of_ten_lost": powers_lost["sigmoid"],
    "tanh_powers_of_ten_lost": powers_lost["tanh"],
    "sigmoid_acc_deep": final_test_acc["deep, sigmoid"],
    "relu_acc_deep": final_test_acc["deep, ReLU"],
    "sigmoid_acc_usual": final_test_acc["two layers, sigmoid"],
    "sigmoid_loss_usual": final_loss["two layers, sigmoid"],
    "dead_before_training": n_dead_start,
    "relu_dead_usual": n_dead_usual,
    "relu_dead_high_lr": n_dead_high,
    "relu_back_high_lr": n_back_high,
    "relu_acc_high_lr": test_accs[f"ReLU, lr {HIGH_LR}"],
    "leakyrelu_acc_high_lr": test_accs[f"LeakyReLU, lr {HIGH_LR}"],
    "he_powers_of_ten_lost": he_powers_lost,
    "default_acc_stuck_seed": he_test_accs["default"],
    "he_acc_stuck_seed": he_test_accs["He"],
}
save_results("18_vanishing_gradients", results)

# %% 16. Try it
# Predict first, then change one number at the top and run the lesson again.
#
# 1. Set DEEP = 4. How many powers of ten does sigmoid lose now?
# 2. Set HIGH_LR = 0.1. How many units are dead at the end, and does ReLU still learn?
# 3. Set STUCK_SEED = 33. This seed gets stuck with the default, too. Which layer dies,
#    and where does the loss end with He?
#
# Answers:
# 1. About half as many: 3.2.
# 2. 14 of 32 are dead, and still the test accuracy is 100.00%.
# 3. Layer 7, with 16 dead units. With He it ends at 0.00022.
