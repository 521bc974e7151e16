"""Lesson 06: A complete classification workflow

Question: How do I do all of this on my own data?
You will learn:
    - to turn numbers, text and gaps into features with what the training part alone knows
    - to train in batches, to keep the epoch with the lowest validation loss, and to test once beside simpler models
    - to save a network with its preprocessing, and to load both for new rows
Builds on: Lesson 05
Run: python module_03/06_complete_classification_workflow.py
Writes:
    outputs/06_workflow.png - loss by epoch with the epoch kept, confusion matrix and accuracies on the test part
"""

# %% Setup
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from torch import nn

import helper_functions as hf  # hf. marks what is NEW: the functions for tables and files
from helper_functions import pick_device, save_figure, save_results, test_step, train_step

HIDDEN = [32, 16]  # units in the two hidden layers
LEARNING_RATE = 0.002  # for Adam
BATCH_SIZE = 32  # rows a step
EPOCHS = 200  # at most
PATIENCE = 20  # epochs without a lower validation loss before training stops
SEED = 42  # of the split, the first weights and the order of the rows

device = pick_device()

# %% 1. NEW: our table or yours
# No constant of ours can know your file and its columns, so this lesson, as the only one, takes options:
#     python module_03/06_complete_classification_workflow.py --csv FILE --target COLUMN --predict NEW.csv
# COLUMN holds the classes. NEW.csv holds rows to predict; leave --predict out if you have none. In a notebook write
# hf.table_options(["--csv", FILE, "--target", COLUMN]). Without options we take 569 tumours, each described by 30
# numbers that were measured on pictures of its cells.
#
# `read_table` keeps every value as the text it is, so that a code such as 007 stays 007. When a table cannot be used,
# `exit_on_bad_input` says why in one line and ends the lesson before anything is trained or written.

args = hf.table_options()
cancer = load_breast_cancer(as_frame=True)
table, target = cancer.data.assign(diagnosis=cancer.target_names[cancer.target]), "diagnosis"
with hf.exit_on_bad_input():
    if args.csv is not None:
        table, target = hf.read_table(args.csv), args.target
    features, y, class_names = hf.split_target(table, target)  # y [N]: numbers from 0 to K - 1
print(f"1. Data: {len(table)} rows, {len(y)} labelled; {features.shape[1]} columns, {features.isna().sum().sum()} gaps")
print(pd.DataFrame({"rows": np.bincount(y)}, index=map(ascii, class_names)))

# %% 2. Features by hand
# A number is scaled: (value - mean) / standard deviation. Unscaled, a column in millimetres would weigh a thousand
# times as much as the same column in metres. Text becomes one-hot: one feature for each value, 1 where the row has
# it. A missing value becomes 0, which means "average" for a number and "none of the values" for a text. Here are four
# rows by hand. `fit_preprocessing` and `preprocess` do the same to any table. They leave out text that differs in
# every row, or has more than 50 different values: names and numbers of rows tell nothing about the next row.

toy = pd.DataFrame({"weight": [2.0, None, 4.0, None], "colour": ["red", "blue", None, "red"]})
scaled = ((toy["weight"] - 3) / 1).fillna(0)  # mean 3, standard deviation 1
by_hand = np.column_stack([scaled, toy["colour"] == "blue", toy["colour"] == "red"])  # [4, 3]
toy_gap = np.abs(by_hand - hf.preprocess(toy, hf.fit_preprocessing(toy)).numpy()).max()
print("\n2. Features by hand; largest difference from preprocess:", toy_gap)
print(toy.join(pd.DataFrame(by_hand, columns=["-> scaled", "blue", "red"])).to_string(index=False))

# %% 3. NEW: only the training part is asked
# As in lesson 05: train to learn, validation to choose, test to measure, each with its share of every class.
#
# Means, standard deviations and texts come from the training part. Taken from all rows, they would carry news of the
# test part into the training: a leak. A text that the training part does not hold counts as missing in the other two.
# In NEW.csv it is refused (strict), for it may be a slip, and refused here, before you wait for the training.

train, val, test = hf.split_rows(y, share=0.2, seed=SEED)  # positions of the rows, 60, 20 and 20 %
with hf.exit_on_bad_input():
    known = hf.fit_preprocessing(features.iloc[train])  # a dict of means, standard deviations and texts
    X_train, X_val, X_test = (hf.preprocess(features.iloc[rows], known).to(device) for rows in (train, val, test))
    X_new = X_test[:3] if args.predict is None else hf.preprocess(hf.read_table(args.predict), known, strict=True)
y_train, y_val = (torch.from_numpy(y[rows]).to(device) for rows in (train, val))
print(f"\n3. Rows: {len(train)} train, {len(val)} validation, {len(test)} test. Features: {X_train.shape[1]}")
print(f"Columns left out, with the reason: {known['left_out'] or None!a}")

# %% 4. Model, loss and optimizer
# One logit for each class and cross entropy, also for two classes, so that the same lines serve every table.


def build_model(n_in, n_1, n_2, n_out):
    return nn.Sequential(nn.Linear(n_in, n_1), nn.ReLU(), nn.Linear(n_1, n_2), nn.ReLU(), nn.Linear(n_2, n_out))


sizes = [X_train.shape[1], *HIDDEN, len(class_names)]
torch.manual_seed(SEED)
model = build_model(*sizes).to(device)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)

# %% 5. NEW: train in batches, stop early
# An epoch takes the rows in a new order and makes one step for every 32 of them: 11 steps where lesson 04 made one.
# The training loss keeps falling. The validation loss falls, then rises: from there on the network learns the training
# rows by heart. We keep the weights with the lowest validation loss, and stop when 20 epochs found none lower.

history, best_loss, best_epoch, shuffle = [], float("inf"), 0, torch.Generator().manual_seed(SEED)
batch_size = max(BATCH_SIZE, len(train) // 200)  # at most about 200 steps an epoch, however long the table
print("\n5. Training")
for epoch in range(EPOCHS):
    for rows in torch.randperm(len(train), generator=shuffle).to(device).split(batch_size):
        train_step(model, X_train[rows], y_train[rows], loss_fn, optimizer)
    loss, acc = test_step(model, X_train, y_train, loss_fn)
    val_loss, val_acc = test_step(model, X_val, y_val, loss_fn)
    history.append((loss, val_loss))
    if epoch % 5 == 0:
        print(f"Epoch {epoch:4d} | Loss: {loss:.5f}, Accuracy: {acc:.2f}%", end=" | ")
        print(f"Val loss: {val_loss:.5f}, Val accuracy: {val_acc:.2f}%")
    if val_loss < best_loss:
        best_loss, best_epoch = val_loss, epoch
        best_state = {name: weights.clone() for name, weights in model.state_dict().items()}
    elif epoch - best_epoch == PATIENCE:
        break
print(f"Stopped after epoch {epoch}; kept epoch {best_epoch}, where the validation loss was {best_loss:.5f}")

# %% 6. NEW: save and load
# Without its means, texts and class names a network is of no use. All of it goes into one file, as tensors, lists,
# numbers and strings. `weights_only=True` reads nothing else, so that a file from a stranger cannot run code here.
# From now on the loaded network does the work: we test what we would hand to somebody else.

saved = {"sizes": sizes, "state_dict": best_state, "preprocessing": known, "class_names": class_names}
path = hf.save_file("06_model.pt", lambda file: torch.save(saved, file))
loaded = torch.load(path, weights_only=True, map_location=device)
loaded_model = build_model(*loaded["sizes"]).to(device)
loaded_model.load_state_dict(loaded["state_dict"])
reload_gap = abs(test_step(loaded_model, X_val, y_val, loss_fn)[0] - best_loss)
print(f"6. Difference between the validation losses of the loaded network and of the kept epoch: {reload_gap}")
with torch.inference_mode():
    probs, new_probs = (loaded_model(X.to(device)).softmax(dim=1).cpu().numpy() for X in (X_test, X_new))  # [M, K]

# %% 7. Test once
# Once, after every choice is made. Beside it two yardsticks: logistic regression, one linear layer with a penalty on
# large weights, so that its boundary is straight; and "always the most frequent class", which looks at no feature at
# all. The intervals are Wilson's, as in lesson 05.

preds = probs.argmax(axis=1)
line_preds = LogisticRegression(max_iter=1000).fit(X_train.cpu().numpy(), y[train]).predict(X_test.cpu().numpy())
names, n, z = ["network", "logistic regression", "most frequent class"], len(test), 1.96
right = np.array([(guess == y[test]).sum() for guess in (preds, line_preds, np.bincount(y[train]).argmax())])
center, half = right + z**2 / 2, z * np.sqrt(right * (n - right) / n + z**2 / 4)
accs, lows, highs = (100 * part for part in (right / n, (center - half) / (n + z**2), (center + half) / (n + z**2)))
print(f"\n7. Test: {n} rows; accuracy with its 95 % interval")
print(pd.DataFrame({"right": right, "accuracy": accs, "from": lows, "to": highs}, index=names).round(2))

# %% 8. Look
# Left: beyond the dotted line the training loss goes on falling, the validation loss rises. Middle: the one mistake on
# the tumours is of the worse kind, malignant and called benign. Right: network and logistic regression can hardly be
# told apart, and both are far from the most frequent class.

fig, (curve, matrix, bars) = plt.subplots(1, 3, figsize=(10, 4), layout="constrained")
for losses, color, name in zip(zip(*history, strict=True), ("0.6", "black"), ("train", "validation"), strict=True):
    curve.plot(losses, color=color, label=name)
curve.axvline(best_epoch, color="0.3", ls=":", label=f"kept: {best_epoch}")
curve.set(xlabel="epoch", ylabel="cross entropy", title="Loss by epoch")
curve.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3, fontsize=9, columnspacing=1)
*shown, about = (name[:12].replace("$", r"\$") for name in [*class_names, target])  # a plain $ would begin a formula
style = {"cmap": "Greys", "colorbar": False, "include_values": len(shown) <= 12}  # more counts would overlap
ConfusionMatrixDisplay(confusion_matrix(y[test], preds), display_labels=shown).plot(ax=matrix, **style)
matrix.set(xticklabels=shown if len(shown) < 4 else [], title=f"Network: {right[0]} of {n} test rows right")
bars.errorbar(accs, [name.replace(" ", "\n") for name in names], xerr=(accs - lows, highs - accs), fmt="ok", capsize=4)
bars.set(xlabel="accuracy in %", ylim=(2.5, -0.5), title="Test part, 95 % intervals")
fig.suptitle(f"{about}: {'-'.join(map(str, sizes))}, ReLU, Adam lr {LEARNING_RATE}, batch {batch_size}, seed {SEED}")
save_figure(fig, "06_workflow.png")

# %% 9. New rows
# Each row gets a class and the probability of every class; those of NEW.csv go into the file 06_predictions.csv.
# Without NEW.csv, we show three rows of the test part.

predictions = pd.DataFrame(new_probs, columns=[f"P({name})" for name in class_names])
predictions.insert(0, "prediction", [class_names[k] for k in new_probs.argmax(axis=1)])
print("\n9. Predictions:", ", ".join(f"{class_names[row.argmax()]!a} {row.max():.2%}" for row in new_probs[:3]))
if args.predict is not None:
    with hf.exit_on_bad_input():
        hf.save_file("06_predictions.csv", lambda file: predictions.to_csv(file, index=False))

# %% 10. What we learned
# - With seed 42 the network is right on 112 of 113 tumours, 99.1 % (95 % interval 95.2 to 99.8 %), logistic regression
#   on 111, 98.2 % (93.8 to 99.5 %). Does the network win? Over 30 seeds (benchmarks/spread_06_workflow.py) it has
#   97.3 % on average, 93.8 to 99.1 %, and logistic regression 97.8 %, 96.5 to 100 %. Here it gains nothing.
# - So train the simple model first, for it says what a network has to beat. A straight boundary gets 98 % here, but
#   never more than 60 % on the circles of lesson 03.
# - Preprocessing knows the training part alone, and goes into the file with the network.

results = {"best_epoch": best_epoch, "best_val_loss": best_loss, "toy_gap": toy_gap, "reload_gap": reload_gap}
results |= {"network_test_acc": accs[0], "logistic_test_acc": accs[1], "frequent_test_acc": accs[2]}
save_results("06_complete_classification_workflow", results)

# %% 11. Try it
# - HIDDEN = [256, 256]: which epoch is kept now? Is its validation loss lower than with [32, 16]?
# - PATIENCE = 180: how high does the validation loss rise? Does the result of the test change?
# - SEED = 12: another split, other first weights. Which of the two models would you choose after this run?
