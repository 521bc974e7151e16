"""Lesson 12: Common mistakes

Question: What does each mistake look like, and how do we find its cause?
You will learn:
    - to read the error message of a loud mistake, and to mend the line
    - to recognise a silent mistake by its loss curve, and to look up its cause
Builds on: Lessons 04 and 08
Run: python module_03/12_common_mistakes.py
Writes:
    outputs/12_silent_mistakes.png - test loss by epoch of twelve silent mistakes, each beside its correct twin
"""

# %% Setup
import warnings

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

from helper_functions import (
    CLASS_COLORS,
    Recorder,
    accuracy_fn,
    fit,
    pick_device,
    save_figure,
    save_player,
    save_results,
)

SEED = 42  # of the data, the split and the first weights of every network
EPOCHS = 100  # enough for every correct network to get 100 % of the test points
LR = 0.02  # learning rate for Adam, from lesson 03's good recipe
device = pick_device()
UNITS = torch.tensor([1, 1000], device=device)  # factors for "features not scaled": x1 in metres, x2 in millimetres

# %% 1. Data and an untrained model
# The circles of lesson 03, and what the wrong lines of section 2 need. That section stays on the CPU on
# purpose. A GPU answers some mistakes with "device-side assert triggered", which does not name the cause.
# If you meet that one, run the same lines on the CPU: its message does name it.

X_double, y = map(torch.from_numpy, make_circles(1000, noise=0.03, random_state=SEED))  # float64, as NumPy made it
X, y = X_double.float(), y.float()  # [1000, 2] and [1000]
torch.manual_seed(SEED)
model = nn.Sequential(nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 1))
hidden, column, y_column = model[:2](X), model(X), y.long().unsqueeze(1)  # [1000, 10], [1000, 1] and [1000, 1]
logits, pairs = column.squeeze(1), torch.cat([-column, column], dim=1)  # [1000], and [1000, 2] as for two classes
preds, bce, ce, ax = (logits >= 0).float(), nn.BCEWithLogitsLoss(), nn.CrossEntropyLoss(), plt.Figure().subplots()

# %% 2. NEW: twelve loud mistakes
# A loud mistake stops the program. Read the last line of the error first: a type, then a message. Then print shape,
# dtype and device of every tensor in your line. Often two do not match. Each row below: a wrong line, the error's type
# and a piece of its message, the cause, the right line. The piece is enough to recognise it; the words around it
# change between releases of PyTorch. eval() runs code given as text, so the log shows the very lines that ran.
# "meta" is a device that every machine has. It keeps shapes and no numbers, and stands for a GPU here. With
# a real GPU the message begins "Expected all tensors to be on the same device".

loud = """
bce(column, y)          | ValueError: Target size           | logits [N, 1], labels [N]  | bce(column.squeeze(1), y)
ce(pairs, y_column)     | RuntimeError: 0D or 1D target     | labels [N, 1], not [N]     | ce(pairs, y.long())
bce(logits, y.long())   | RuntimeError: can't be cast       | labels int64, not float32  | bce(logits, y)
ce(pairs, y)            | RuntimeError: Long or Byte        | labels float32, not int64  | ce(pairs, y.long())
ce(column, y.long())    | IndexError: is out of bounds      | one output for two classes | ce(pairs, y.long())
nn.BCELoss()(logits, y) | RuntimeError: between 0 and 1     | logits, not probabilities  | bce(logits, y)
nn.Linear(5, 1)(hidden) | RuntimeError: cannot be multiplied| 10 outputs meet 5 inputs   | nn.Linear(10, 1)(hidden)
model(X_double)         | RuntimeError: same dtype          | NumPy's float64 features   | model(X_double.float())
model(X.to("meta"))     | RuntimeError: expected device     | data and model apart       | model(X.to("cpu"))
ax.plot(logits)         | RuntimeError: Can't call numpy()  | tensor tracks gradients    | ax.plot(logits.detach())
bce(preds, y).backward()| RuntimeError: not require grad    | labels have no gradient    | bce(logits, y).backward()
logits.argmax(dim=1)    | IndexError: Dimension out of range| [N] has no dimension 1     | (logits >= 0).long()"""
loud, loud_caught = [[part.strip() for part in row.split("|")] for row in loud.strip().splitlines()], 0
print("2. Twelve loud mistakes: the wrong line -> the right line, and the error of the wrong one")
for line, symptom, _, mend in loud:
    try:
        message = f"no error, but {eval(line)}"
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
    loud_caught += all(piece in message for piece in symptom.split(": "))
    eval(mend)  # raises nothing
    print(f"   {line:<24} -> {mend}\n      {message.splitlines()[0][:94]}")
print(f"   Caught by type and piece of message: {loud_caught} of {len(loud)}")

# %% 3. NEW: silent mistakes, each beside a correct twin
# A silent mistake raises nothing. The network trains to the end and is bad, or seems to be. So we train each
# broken network beside a correct twin: same data, same seed, same recipe, one difference.
# train() builds 2-16-16-1, adds layers where told, and calls fit(), the loop of lesson 04. Two mistakes can happen in
# it. The optimizer may hold the weights of another model: in a notebook, a cell builds the model anew, and the
# optimizer still has the old one. And without zero_grad(), backward() adds each gradient to all those before it.
# Below train() stand the mistakes in the data, and a dropout that never ends.


def train(data, epochs, seed, lr, loss_fn, outputs=1, before=(), after=(), own_weights=True, zero_grad=None):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), *before, nn.Linear(16, outputs))
    recorder = Recorder(model.extend(after).to(data[0].device), epochs)
    optimizer = torch.optim.Adam((model if own_weights else nn.Linear(2, 1)).parameters(), lr=lr)
    optimizer.zero_grad = zero_grad or optimizer.zero_grad  # fit() calls what stands here
    return recorder, fit(model, *data, loss_fn, optimizer, epochs, recorder=recorder)


X_train, X_test, y_train, y_test = (t.to(device) for t in train_test_split(X, y, test_size=0.2, random_state=SEED))
shuffled = X_train, X_test, y_train[torch.randperm(800, generator=torch.Generator().manual_seed(SEED))], y_test
unscaled = X_train * UNITS, X_test * UNITS, y_train, y_test
left_on = nn.Dropout()
left_on.forward = nn.functional.dropout  # the function drops half of its input; eval() does not reach it

# %% 4. Twelve silent mistakes in three groups
# Flat: no gradient reaches the weights, and the loss is frozen, the same in every digit. round() has the
# gradient 0. So has ReLU below 0, and with this seed all first logits lie there. Or the steps are too short.
# Restless: old gradients push along, the steps are too long, one feature is so large that a small change of
# its weights turns every answer, or dropout still replaces half of the units by 0 when we measure.
# Stuck: the loss ends on a floor. Behind a sigmoid all outputs lie between 0 and 1, and the loss takes them
# for logits. The best it can get is 0 for class 0 and 1 for class 1: a loss of 0.503. None is negative, so
# every point gets class 1. Behind a softmax the floor is 0.313, and yet the labels are right.
# [N, 1] against [N] makes N x N pairs, each output with each label. The best is the same for every point, a
# probability of 0.5: squared error 0.25. Shuffled labels leave nothing else to learn either: ln 2 = 0.693.

two, mse = {"outputs": 2, "loss_fn": lambda z, y: ce(z, y.long())}, nn.MSELoss()
squared, paired = {"loss_fn": lambda z, y: mse(z.sigmoid(), y)}, {"loss_fn": lambda z, y: mse(z.sigmoid()[:, None], y)}
silent = [  # cause, what its twin needs too, what is broken, symptom, mend
    ("optimizer of another model", {}, {"own_weights": False}, "loss is frozen", "make it after the model"),
    ("rounded too early", {}, {"loss_fn": lambda z, y: bce(z.sigmoid().round(), y)}, "loss is frozen", "round later"),
    ("ReLU on logits", {}, {"after": [nn.ReLU()]}, "no logit below 0", "end with a linear layer"),
    ("learning rate too small", {}, {"lr": LR / 100}, "loss falls, but hardly", "learning rate times 10"),
    ("no zero_grad", {}, {"zero_grad": lambda: None}, "loss up and down to the end", "zero_grad() before backward()"),
    ("learning rate too large", {}, {"lr": LR * 100}, "loss leaps up, then rests", "learning rate divided by 10"),
    ("features not scaled", {}, {"data": unscaled}, "first losses far above ln 2", "(X - mean) / deviation"),
    ("dropout left on", {"before": [nn.Dropout()]}, {"before": [left_on]}, "test loss zigzags", "nn.Dropout, eval()"),
    ("sigmoid twice", {}, {"after": [nn.Sigmoid()]}, "outputs in [0, 1], all class 1", "no sigmoid in the model"),
    ("softmax twice", two, {"after": [nn.Softmax(dim=1)]}, "labels right, loss above 0.313", "no softmax in the model"),
    ("column against row", squared, paired, "squared error 0.25, a warning", "logits.squeeze(1)"),
    ("shuffled labels", {}, {"data": shuffled}, "test loss stays near ln 2", "print rows beside their labels"),
]
recipe = {"data": (X_train, X_test, y_train, y_test), "epochs": EPOCHS, "seed": SEED, "lr": LR, "loss_fn": bce}
correct, runs = train(**recipe), {}  # recorder and history; of each mistake the twin's history, recorder, history
print("\n4. Twelve silent mistakes   last and highest test loss  accuracy  (twin)    outputs from ... to")
with warnings.catch_warnings(record=True, action="always") as caught:
    for name, right, wrong, *_ in silent:
        twin = train(**recipe | right)[1] if right else correct[1]
        recorder, history = train(**recipe | right | wrong)
        runs[name] = twin, recorder, history
        row = history["test_loss"][-1], max(history["test_loss"]), history["test_acc"][-1], twin["test_acc"][-1]
        outputs = recorder.model((recipe | wrong)["data"][1]).aminmax()  # on the test points
        print(f"   {name:<27}" + "{:8.5f} {:15.5f} {:11.2f}% {:7.2f}% {:9.3f} {:9.3f}".format(*row, *outputs))
print(f"   The only warning, from column against row:\n  {str(caught[0].message).partition('. ')[0]}")

# %% 5. Look: twelve curves, twelve twins
# The dashed line is ln 2, the loss of an answer of one half for every point, or the floor of section 4.

floors = {"sigmoid twice": bce(y, y), "softmax twice": ce(torch.eye(2), torch.arange(2)), "column against row": 0.25}
fig, axes = plt.subplots(3, 4, figsize=(10, 7.4), sharex=True, sharey=True, layout="constrained")
for ax, (name, (right, _, wrong)) in zip(axes.flat, runs.items(), strict=True):
    ax.axhline(floors.get(name, bce(0 * y, y)), color="0.45", linewidth=0.8, linestyle="--", label="ln 2, or the floor")
    ax.plot(right["test_loss"], color="black", label="correct twin")
    ax.plot(wrong["test_loss"], color=CLASS_COLORS[1], label="with the mistake")
    ax.set_title(f"{name}\nloss {wrong['test_loss'][-1]:.3f}, {wrong['test_acc'][-1]:.1f}% right", c="#A84900", size=10)
for ax, group in zip(axes[:, 0], ("flat", "restless", "stuck"), strict=True):
    ax.set_ylabel(f"{group}\ntest loss")
plt.setp(axes[-1], xlabel="epoch", xlim=(0, EPOCHS - 1), ylim=(0, 1.2))
fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
fig.suptitle(f"Circles, 2-16-16-1, Adam lr {LR}, seed {SEED}: the same network with and without a mistake")
save_figure(fig, "12_silent_mistakes.png")
shown = {name: runs[name][1:] for name in ("no zero_grad", "learning rate too large", "sigmoid twice")}
save_player("12_common_mistakes", (X_train, X_test, y_train, y_test), {"correct": correct} | shown)
# What to see: four flat curves look alike, and only the digits tell a frozen loss from a slow one. In the second row
# three curves leave their panels, up to 2.4, 124.8 and 8.9. Two broken networks have a good accuracy, 97.5 and 99.5 %,
# and still the curve gives them away: one zigzags, one rests on its floor.
# NEW: the page of save_player() has mistakes beside "correct". No zero_grad: a ring forms, too large at epoch 22,
# too small at 25, then lost. Learning rate too large: all of layer 2 dies. Sigmoid twice: the ring, but no class 0.

# %% 6. NEW: from symptom to cause to mend
# Two more mistakes spoil the measurement of a network that is right. A column [200, 1] compared with a row
# [200] counts 200 x 200 pairs; accuracy_fn() raises instead. And softmax over one logit is always 1, so
# argmax finds the largest of one number, at position 0: class 0 for every point.
# The table is the one to come back to. Where several rows fit, begin with the check that costs least.

column = correct[0].model(X_test)  # [200, 1], 100 % right
column_acc = ((column >= 0) == y_test).sum().item() / len(y_test) * 100  # [200, 1] == [200] -> [200, 200]
argmax_acc = accuracy_fn(y_test, column.softmax(dim=1).argmax(dim=1))
print(f"\n6. A network that is 100% right: {column_acc:.0f}% as column against row, {argmax_acc:.0f}% by argmax")
rows = [row[1:] for row in loud] + [(symptom, name, mend) for name, _, _, symptom, mend in silent]
rows += [("accuracy > 100 %", "[N, 1] against [N]", "squeeze(1)"), ("all class 0", "argmax of one logit", "logit >= 0")]
for symptom, cause, mend in [("Symptom", "cause", "mend"), *rows]:
    print(f"   {symptom:<37}{cause:<29}{mend}")

# %% 7. What we learned
# - A message names what failed. The cause is often a line earlier: look at shape, dtype and device.
# - Know what the loss should be. For two classes it begins near ln 2, and a floor names its mistake: 0.503,
#   0.313, 0.25. A correct network here goes down to 0.008.
# - Do not trust an accuracy alone. Over 20 seeds, column against row gets from 18 to 88.5 % of the points
#   right, with every probability between 0.49 and 0.51. Softmax twice gets 99.5 to 100 %, as its twin does.
# - The numbers change with the seed, the pattern does not: optimizer of another model and rounded too early
#   are frozen with 20 seeds of 20, ReLU on logits with 11, and always at 50 %. Correct networks have 99 to
#   100 % (benchmarks/spread_12_common_mistakes.py).

results = {"loud_caught": loud_caught, "correct_loss": correct[1]["test_loss"][-1], "column_percent": column_acc}
results |= {f"{name.lower().replace(' ', '_')}_loss": wrong["test_loss"][-1] for name, (_, _, wrong) in runs.items()}
save_results("12_common_mistakes", results)

# %% 8. Try it
# - EPOCHS = 1000: which of the twelve does patience mend? Predict, then look at the accuracies. (Only the
#   small learning rate, 96.5 %. Dropout left on zigzags on, at 99.5 %.)
# - UNITS = torch.tensor([1, 10], device=device), then [1, 100]: how large may it be? (100 %, then 54 %.)
# - nn.Tanh() in place of nn.ReLU() in the row of ReLU: predict the floor, and the accuracy. (0.313 as for
#   softmax twice, because its logits end at -1 and 1; 100 %.)
