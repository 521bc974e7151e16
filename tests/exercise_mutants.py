"""Wrong answers with the diagnosis that each must get, and unusual right ones.

A mutant is a reference solution with a piece replaced: (old, new, verdict, diagnosis). An unusual answer is a file.
"""

RULE = """def rule(X):  # the two half circles, known beforehand
    first = (X.norm(dim=1) - 1).abs() + (-X[:, 1]).clamp(min=0)
    second = ((X - torch.tensor([1.0, 0.5])).norm(dim=1) - 1).abs() + (X[:, 1] - 0.5).clamp(min=0)
    return first - second
"""

MUTANTS = {
    "01_tensors": [
        ("dtype=torch.float32)", "dtype=torch.float64)", "wrong", "float64-features"),
        ("torch.float32 if classes == 2 else torch.int64", "torch.float32", "wrong", "label-dtype"),
        ("torch.float32 if classes == 2 else torch.int64", "torch.int64", "wrong", "label-dtype"),
        ("y[train], y[test]", "y[train.flip(0)], y[test.flip(0)]", "wrong", "unpaired"),
        (
            "torch.randperm(len(X), generator=generator)",
            "torch.arange(len(X))",
            "wrong",
            "not-shuffled",
        ),
        (", generator=generator)", ")", "wrong", "not-seeded"),
        ("manual_seed(seed)", "manual_seed(42)", "wrong", "fixed-seed"),
        ("order[count:]", "order[: len(X) - count]", "wrong", "lost-rows"),
        ("X[train], X[test], y", "X[test], X[train], y", "wrong", "shape"),
    ],
    "02_labels": [
        ("flat >= 0)", "flat > 0.5)", "wrong", "threshold-on-logit"),
        (
            "(flat >= 0).long()",
            "flat.sigmoid().round().long()",
            "wrong",
            "exactly-half",
        ),
        ("flat >= 0).long()", "flat >= 0).float()", "wrong", "label-dtype"),
        ("flat = logits.reshape(-1)", "flat = logits", "wrong", "shape"),
        ("flat = logits.reshape(-1)", "flat = logits.squeeze()", "wrong", "shape"),
        ("argmax(dim=1)", "argmax(dim=0)", "wrong", "wrong-dim"),
        ("def class_labels", "def labels", "wrong", "missing-function"),
        ("return logits.argmax", "logits.argmax", "wrong", "returned-none"),
    ],
    "03_accuracy": [
        ("y_true.shape != y_pred.shape", "False", "wrong", "accepts-shapes"),
        ("y_true.numel() == 0", "False", "wrong", "accepts-empty"),
        (" * 100", "", "wrong", "fraction"),
        (".sum().item()", ".sum()", "wrong", "type"),
        ("== y_pred).sum", "!= y_pred).sum", "wrong", "error-rate"),
        ("{true_shape}", "another", "wrong", "message"),
        (
            "correct / y_true.numel() * 100",
            "correct * 100 // y_true.numel() * 1.0",
            "wrong",
            "rounded",
        ),
        ("def accuracy(y_true, y_pred)", "def accuracy(y_true)", "wrong", "signature"),
    ],
    "04_model": [
        ("nn.Sequential(*layers)", "layers", "wrong", "unregistered-layers"),
        ("layers.append(nn.ReLU())", "pass", "wrong", "no-nonlinearity"),
        ("nn.Sequential(*layers)", "nn.Sequential(*layers, nn.Sigmoid())", "wrong", "not-logits"),
        ("nn.Sequential(*layers)", "nn.Sequential(*layers, nn.ReLU())", "wrong", "not-logits"),
        ("in hidden:", "in hidden[:-1]:", "wrong", "layer-sizes"),
        ("return self.layers(X)", "self.layers(X)", "wrong", "returned-none"),
        ("super().__init__()", "pass", "crashed", "AttributeError"),
        ("def forward(", "def forwards(", "crashed", "NotImplementedError"),
        ("class Classifier(nn.Module)", "class Classifier", "wrong", "not-a-module"),
    ],
    "05_train_step": [
        ("optimizer.zero_grad()", "pass", "wrong", "no-zero-grad"),
        ("optimizer.step()", "pass", "wrong", "no-step"),
        ("loss.backward()", "pass", "wrong", "no-step"),
        ("optimizer.step()", "optimizer.step(); optimizer.step()", "wrong", "several-steps"),
        ("loss.backward()", "(2 * loss).backward()", "wrong", "other-step"),
        ("    model.train()\n", "", "wrong", "no-train-mode"),
        ("return loss.item()", "return loss", "wrong", "type"),
        ("return loss.item()", "return loss_fn(model(X), y).item()", "wrong", "loss-after-step"),
        (
            "loss.backward()",
            "loss.backward(); optimizer.zero_grad()",
            "wrong",
            "zeroed-before-step",
        ),
        ("loss_fn(logits, y)", "loss_fn(logits, y.unsqueeze(1))", "crashed", "RuntimeError"),
        ("logits = model(X)", "logits = model(X).softmax(dim=1)", "wrong", "value"),
    ],
    "06_moons": [
        ("nn.ReLU()", "nn.Identity()", "wrong", "no-nonlinearity"),
        ("return model", "return nn.Sequential(model, nn.Sigmoid())", "wrong", "probabilities"),
        (
            "torch.optim.Adam(model.",
            "torch.optim.Adam(nn.Linear(2, 1).",
            "wrong",
            "other-parameters",
        ),
        ("        optimizer.zero_grad()\n", "", "wrong", "no-zero-grad"),
        (
            "return model",
            f"return rule\n\n\n{RULE}",
            "wrong",
            "hard-coded",
        ),
        ("epoch % 10 == 0", "epoch % 50 == 0", "wrong", "log"),
        ("return model", "", "wrong", "returned-none"),
        ("nn.Linear(32, 1)", "nn.Linear(32, 3)", "crashed", "ValueError"),
        (
            "loss_fn(logits, y.float())",
            "loss_fn(torch.sigmoid(logits), y.float())",
            "passed with remarks",
            "sigmoid-twice",
        ),
        ("y.float())", "y)", "crashed", "RuntimeError"),
        ("X).squeeze(1)  #", "X)  #", "crashed", "ValueError"),
    ],
    "07_tanh": [
        ("x = x.clamp(-20, 20)", "x = x", "wrong", "nan"),
        (
            "return (",
            "from torch import tanh as t\n    return t(x)\n    return (",
            "wrong",
            "forbidden",
        ),
        ("return (", "return x.tanh()\n    return (", "wrong", "forbidden"),
        ("return (", "return torch.nn.functional.tanh(x)\n    return (", "wrong", "forbidden"),
        ("up = ", "x = x.detach()\n    up = ", "wrong", "no-gradient"),
        ("x = x.clamp", "x = x.detach().requires_grad_()\n    x = x.clamp", "wrong", "no-gradient"),
        (
            "return (",
            "import numpy as np\n    return torch.from_numpy(np.asarray(np.tanh(x.detach().numpy())))\n    return (",
            "wrong",
            "no-gradient",
        ),
        ("return (", "return torch.sigmoid(x)\n    return (", "wrong", "sigmoid"),
        (
            "return (",
            "e = torch.exp(-2 * x.abs())\n    return torch.sign(x) * (1 - e) / (1 + e)\n    return (",
            "wrong",
            "gradient",
        ),
        (
            "x = x.clamp(-20, 20)  #",
            "return 1 - 2 / (torch.exp(2 * x) + 1)  #",
            "wrong",
            "nan-gradient",
        ),
        ("x = x.clamp(-20, 20)", "x = x.clamp(-3, 3)", "wrong", "value"),
        ("x = x.clamp(-20, 20)", "x = x.clamp_(-20, 20)", "wrong", "changes-input"),
    ],
    "08_cross_entropy": [
        ("logits - largest", "logits", "wrong", "infinite"),
        (
            "return log_softmax(logits).exp()",
            "return torch.softmax(logits, dim=1)",
            "wrong",
            "forbidden",
        ),
        ("= log_softmax(logits)", "= torch.log_softmax(logits, 1)", "wrong", "forbidden"),
        ("= log_softmax(logits)", "= softmax(logits).log()", "wrong", "underflow"),
        ("labels].mean()", "labels].sum()", "wrong", "sum"),
        ("return -log", "return log", "wrong", "sign"),
        ("labels].mean()", "labels]", "wrong", "not-reduced"),
        (
            "return log_softmax(logits).exp()",
            "return log_softmax(logits.T).exp().T",
            "wrong",
            "wrong-dim",
        ),
    ],
    "09_spirals": [
        ("nn.ReLU()", "nn.Identity()", "wrong", "no-nonlinearity"),
        ("nn.Linear(64, 3)", "nn.Linear(64, 4)", "wrong", "model-output"),
        (
            "torch.optim.Adam(model.",
            "torch.optim.Adam(nn.Linear(2, 1).",
            "wrong",
            "other-parameters",
        ),
        ("range(200)", "range(3)", "wrong", "score"),
        (
            "loss_fn(logits, y)",
            "loss_fn(logits.softmax(dim=1), y)",
            "passed with remarks",
            "softmax-twice",
        ),
        ("nn.Linear(64, 3)", "nn.Linear(64, 2)", "crashed", "IndexError"),
    ],
    "10_metrics": [
        ("counts[true, pred] += 1", "counts[pred, true] += 1", "wrong", "transposed"),
        ("return precision, recall,", "return recall, precision,", "wrong", "swapped"),
        ("if whole == 0:", "if False:", "wrong", "zero-division"),
        ("precision = fraction(tp, tp + fp)", "precision = tp / len(y_true)", "wrong", "value"),
        ("dtype=torch.int64", "dtype=torch.float32", "wrong", "label-dtype"),
        ("torch.zeros(classes, classes,", "torch.zeros(2, 2,", "crashed", "IndexError"),
    ],
    "11_dataset": [
        ("total / count", "total / len(loader)", "wrong", "value"),
        (
            "batch_mean * len(y)  # the sum over the batch\n            count += len(y)",
            "batch_mean\n            count += 1",
            "wrong",
            "mean-of-means",
        ),
        ("    model.eval()\n", "", "wrong", "eval-in-train-mode"),
        ("with torch.inference_mode()", "with torch.enable_grad()", "wrong", "eval-with-gradients"),
        ("return len(self.X)", "return len(self.X) - 1", "wrong", "value"),
        ("self.X[index], self.y[index]", "self.y[index], self.X[index]", "wrong", "pair"),
        ("self.X[index], self.y[index]", "self.X[index]", "wrong", "type"),
        (
            "total += batch_mean * len(y)  # the sum over the batch\n            count += len(y)",
            "total, count = batch_mean, 1",
            "wrong",
            "last-batch",
        ),
    ],
    "12_threshold": [
        ("return best\n", "return 0.5\n", "wrong", "always-half"),
        ("return best\n", "return cost_fp / (cost_fp + cost_fn)\n", "wrong", "formula"),
        ("cost_fp * false", "cost_fn * false", "wrong", "ignores-costs"),
        ("return best\n", "return torch.tensor(best)\n", "wrong", "type"),
        ("probs >= threshold", "probs > threshold", "wrong", "cost"),
        (
            "def best_threshold(probs, y, cost_fp, cost_fn):",
            "def best_threshold(probs, y, cost_fn, cost_fp):",
            "wrong",
            "costs-swapped",
        ),
        (
            "cost_fp * false_positives + cost_fn * false_negatives",
            "false_positives + false_negatives",
            "wrong",
            "ignores-costs",
        ),
        ("return best\n", "return round(best, 1)\n", "wrong", "grid"),
    ],
    "13_five_bugs": [
        ("nn.Linear(32, 3)", "nn.Linear(32, 3), nn.Softmax(dim=1)", "wrong", "softmax-twice"),
        ("torch.optim.Adam(model.", "torch.optim.Adam(Model().", "wrong", "other-parameters"),
        ("        optimizer.zero_grad()  # 3: was missing\n", "", "wrong", "no-zero-grad"),
        ("    model.eval()  # 4", "    #", "wrong", "eval-in-train-mode"),
        ("with torch.inference_mode()", "with torch.enable_grad()", "wrong", "eval-with-gradients"),
        ("argmax(dim=1)", "argmax(dim=1, keepdim=True)", "wrong", "broadcast"),
        ("nn.Dropout(0.2)", "nn.Identity()", "wrong", "changed-model"),
        ("    return model\n", "    model\n", "wrong", "returned-none"),
        ("    return model\n", "    return model.forward\n", "wrong", "changed-model"),
        ("        loss.backward()\n        optimizer.step()\n", "", "wrong", "no-training"),
        ("        optimizer.step()\n", "", "wrong", "no-step"),
        ("optimizer.step()", "optimizer.step", "wrong", "no-step"),
        ("lr=0.02", "lr=0.0", "wrong", "no-step"),
        ("range(epochs)", "range(2)", "wrong", "score"),
    ],
    "14_early_stopping": [
        ("copy.deepcopy(model.state_dict())", "model.state_dict()", "wrong", "not-restored"),
        ("    model.load_state_dict(best_state)\n", "", "wrong", "not-restored"),
        (
            "            break\n    model.load_state_dict(best_state)\n",
            "            model.load_state_dict(best_state)\n            break\n",
            "wrong",
            "not-restored",
        ),
        (">= patience", "> patience", "wrong", "stops-too-late"),
        ("elif epoch - best_epoch >= patience", "else", "wrong", "stops-too-early"),
        ("return best_epoch", "return epoch", "wrong", "last-epoch"),
        ("return best_epoch", "return best_epoch - 1", "wrong", "counts-from-0"),
        ("loss < best_loss", "loss <= best_loss", "wrong", "stops-too-late"),
    ],
}

UNUSUAL = {
    "01_tensors": """
import numpy as np
import torch

def to_tensors(features, labels, classes):
    y = torch.from_numpy(labels)
    return torch.as_tensor(features.astype("float32")), y.float() if classes == 2 else y.long()

def split(X, y, share, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    test = np.zeros(len(X), dtype=bool)
    test[order[: round(share * len(X))]] = True
    train = torch.tensor(order[~test[order]])
    return [X[train], X[order[test[order]]], y[train], y[order[test[order]]]]
""",
    "02_labels": """
import torch

def binary_labels(logits):
    return torch.where(torch.sigmoid(logits.flatten()) >= 0.5, 1, 0)

def class_labels(logits):
    return torch.topk(logits.softmax(dim=-1), 1).indices[:, 0]
""",
    "03_accuracy": """
def accuracy(y_true, y_pred):
    if tuple(y_true.size()) != tuple(y_pred.size()) or len(y_true) == 0:
        raise ValueError("cannot compare " + str(tuple(y_true.size())) + " with " + str(tuple(y_pred.size())))
    right = [a == b for a, b in zip(y_true.tolist(), y_pred.tolist())]
    return 100 * sum(right) / len(right)
""",
    "04_model": """
import torch
from torch import nn

class Classifier(nn.Module):
    def __init__(self, inputs, widths, outputs):
        nn.Module.__init__(self)
        self.head = nn.Linear(widths[-1], outputs)
        self.body = nn.ModuleList(nn.Linear(a, b) for a, b in zip([inputs] + widths, widths))

    def forward(self, X):
        for layer in self.body:
            X = torch.clamp(layer(X), min=0)
        return self.head(X)
""",
    "05_train_step": """
import torch

def train_step(model, X, y, loss_fn, optimizer):
    model.train()
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    loss = loss_fn(model(X), y)
    for p, grad in zip(parameters, torch.autograd.grad(loss, parameters)):
        p.grad = grad
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    return float(loss.detach())
""",
    "06_moons": '''
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 40)
        self.out = nn.Linear(40, 2)

    def forward(self, X):
        return self.out(torch.tanh(self.hidden(X)))

def train(X, y):
    """Two outputs, LBFGS."""
    model = Net()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5)
    def closure():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(X), y)
        loss.backward()
        return loss
    for epoch in range(1, 41):
        loss = optimizer.step(closure)
        if epoch % 10 == 0:
            print(f"EPOCH: {epoch:>4} loss={loss:.4f}")
    return model
''',
    "07_tanh": """
import torch

def tanh(x):
    return 2 * torch.sigmoid(2 * x) - 1
""",
    "08_cross_entropy": """
import torch

def softmax(z):
    return (z - z.logsumexp(1, True)).exp()

def cross_entropy(z, y):
    return (z.logsumexp(1) - z.gather(1, y[:, None]).squeeze(1)).sum() / len(y)
""",
    "09_spirals": '''
import math
import torch
from torch import nn
from torch.nn import functional as F

def train(X, y):
    """Mini-batches, accumulation over two of them, a schedule, hand-written features."""
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(4, 64), nn.Linear(64, 3)

        def forward(self, X):
            r = X.norm(dim=1, keepdim=True)
            angle = torch.atan2(X[:, :1], X[:, 1:]) - 4 * r
            return self.b(F.gelu(self.a(torch.cat([angle.sin(), angle.cos(), X], dim=1))))

    net = Net()
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 15)
    for _ in range(15):
        for i, rows in enumerate(torch.randperm(len(X)).split(50)):
            (F.nll_loss(F.log_softmax(net(X[rows]), dim=1), y[rows]) / 2).backward()
            if i % 2:
                optimizer.step()
                optimizer.zero_grad()
        schedule.step()
    return net
''',
    "10_metrics": """
import torch

def confusion_matrix(y_true, y_pred, classes):
    one_hot = torch.nn.functional.one_hot
    return one_hot(y_true, classes).T @ one_hot(y_pred, classes)

def precision_recall_f1(y_true, y_pred):
    pairs = list(zip(y_true.tolist(), y_pred.tolist()))
    tp = pairs.count((1, 1))
    try:
        p, r = tp / y_pred.sum().item(), tp / y_true.sum().item()
        return [p, r, 2 / (1 / p + 1 / r)]
    except ZeroDivisionError:
        p = tp / int(y_pred.sum()) if y_pred.any() else 0
        return p, tp / int(y_true.sum()) if y_true.any() else 0, 0
""",
    "11_dataset": """
import torch
from torch.utils.data import Dataset, TensorDataset

class Points(TensorDataset):
    pass

@torch.no_grad()
def mean_loss(model, loader, loss_fn):
    model.train(False)
    logits, labels = zip(*[(model(X), y) for X, y in loader])
    return float(loss_fn(torch.cat(logits), torch.cat(labels)))
""",
    "12_threshold": '''
def best_threshold(probs, y, cost_fp, cost_fn):
    """One pass over the sorted rows; thresholds between two probabilities."""
    rows = sorted(zip(probs.tolist(), y.tolist()))
    cost = cost_fp * sum(1 - label for _, label in rows)
    best, threshold = cost, -1.0
    for i, (p, label) in enumerate(rows):
        cost += cost_fn if label else -cost_fp
        if cost < best and (i + 1 == len(rows) or rows[i + 1][0] > p):
            best, threshold = cost, p + 1e-9
    return threshold
''',
    "13_five_bugs": """
import torch
from torch import nn
from torch.nn import functional as F

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 3))

    def forward(self, X):
        return F.log_softmax(self.layers(X), dim=1)

def train(X, y, epochs=150):
    model = Model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(epochs):
        F.nll_loss(model(X), y).backward()
        optimizer.step()
        model.zero_grad()
    return model

@torch.no_grad()
def evaluate(model, X, y):
    was = model.training
    model.eval()
    right = (model(X).argmax(1) == y).double().mean().item() * 100
    model.train(was)
    return right
""",
    "14_early_stopping": """
def fit(model, train_epoch, val_loss, patience, max_epochs):
    import torch
    history, states = [], []
    while len(history) < max_epochs and (len(history) - (history.index(min(history)) + 1 if history else 0)) < patience:
        train_epoch(model)
        history.append(val_loss(model))
        states.append([p.detach().clone() for p in model.parameters()])
    best = history.index(min(history))
    with torch.no_grad():
        for p, kept in zip(model.parameters(), states[best]):
            p.copy_(kept)
    return best + 1
""",
}
