"""Crashes translated, verdicts as text."""

import builtins
import linecache
import re
import textwrap

from exercises.checker.catalog import Exercise, shown

WIDTH = 100

# type of the exception, a part of its message, what it means, how to mend it
CRASHES = [
    (
        "ValueError",
        r"Target size .* must be the same as input size",
        "Logits and labels have different shapes; often the logits are [N, 1] and the labels [N].",
        "Write logits.squeeze(1), or y.unsqueeze(1).",
    ),
    (
        "RuntimeError",
        r"result type Float can't be cast to the desired output type",
        "BCEWithLogitsLoss wants labels of a float dtype, and got whole numbers.",
        "Write y.float().",
    ),
    (
        "RuntimeError",
        r"expected target dtype to be|expected scalar type Long but found|Expected floating point type for target",
        "CrossEntropyLoss wants class numbers of dtype int64, and got other numbers.",
        "Write y.long().",
    ),
    (
        "RuntimeError",
        r"0D or 1D target tensor expected|multi-target not supported",
        "CrossEntropyLoss wants labels of shape [N], and got [N, 1].",
        "Write y.squeeze(1).",
    ),
    (
        "RuntimeError",
        r"all elements of input should be between 0 and 1",
        "BCELoss wants probabilities, and got logits.",
        "Take BCEWithLogitsLoss, or torch.sigmoid(logits) before BCELoss.",
    ),
    (
        "IndexError",
        r"Target -?\d+ is out of bounds",
        "A label is larger than the number of outputs allows: K outputs are for labels 0 to K - 1.",
        "Give the last layer one output a class.",
    ),
    (
        "RuntimeError",
        r"mat1 and mat2 shapes cannot be multiplied",
        "A linear layer gets rows of another length than its in_features.",
        "The out_features of a layer are the in_features of the next; the first takes the number of features.",
    ),
    (
        "RuntimeError",
        r"mat1 and mat2 must have the same dtype|expected m1 and m2 to have the same dtype",
        "Data and weights have different dtypes: NumPy gives float64, layers have float32.",
        "Write X.float(), or make the tensor with dtype=torch.float32.",
    ),
    (
        "RuntimeError",
        r"Expected all tensors to be on the same device",
        "Data and model lie on different devices.",
        "Move both: model.to(device), X.to(device).",
    ),
    (
        "RuntimeError",
        r"Can't call numpy\(\) on Tensor that requires grad",
        "NumPy cannot follow gradients, so PyTorch refuses to hand the tensor over.",
        "Write tensor.detach().numpy().",
    ),
    (
        "RuntimeError",
        r"does not require grad and does not have a grad_fn",
        "backward() finds no way from the loss to a parameter: labels, .item(), no_grad or detach() cut it.",
        "Compute the loss from the logits that the model returned, outside of no_grad.",
    ),
    (
        "IndexError",
        r"Dimension out of range",
        "The tensor has fewer dimensions than dim= asks for; a squeeze() may have removed one.",
        "Print tensor.shape on the line before, and name the dimension to squeeze: squeeze(1).",
    ),
    (
        "RuntimeError",
        r"Trying to backward through the graph a second time",
        "backward() was called twice on the same forward pass; the first call freed it.",
        "Compute the loss anew for each step; keep values of earlier steps with .item().",
    ),
    (
        "RuntimeError",
        r"a leaf Variable that requires grad is being used in an in-place|a view of a leaf Variable",
        "A parameter is changed in place while PyTorch records for gradients.",
        "Change it under torch.no_grad(), or let the optimizer do it.",
    ),
    (
        "RuntimeError",
        r"modified by an inplace operation",
        "A value that the backward pass needs was overwritten by an operation in place (+=, or a name ending in _).",
        "Write x = x + 1 in place of x += 1.",
    ),
    (
        "RuntimeError",
        r"[Oo]nly Tensors of floating point|can only (calculate|be computed|require)",
        "Only float tensors can have gradients, and this one holds whole numbers.",
        "Write .float() first.",
    ),
    (
        "RuntimeError",
        r"grad can be implicitly created only for scalar outputs",
        "backward() needs one number, and the loss is a tensor of several.",
        "Take the mean: loss.mean().backward().",
    ),
    (
        "RuntimeError",
        r"shape '.*' is invalid for input of size",
        "view or reshape is to make a shape with another number of elements.",
        "The product of the sizes must stay the same; -1 stands for the one that follows from the others.",
    ),
    (
        "RuntimeError",
        r"The size of tensor a .* must match the size of tensor b",
        "Two tensors meet whose shapes do not fit each other.",
        "Print both shapes on the line before.",
    ),
    (
        "ValueError",
        r"optimizer got an empty parameter list",
        "The model has no parameters: its layers are not attributes, or stand in a Python list.",
        "Assign layers in __init__ with self.name = ..., lists of layers as nn.ModuleList or nn.Sequential.",
    ),
    (
        "AttributeError",
        r"cannot assign module before Module.__init__\(\) call",
        "__init__ assigns layers before nn.Module is ready for them.",
        "Write super().__init__() as the first line of __init__.",
    ),
    (
        "NotImplementedError",
        r"missing the required \"forward\" function",
        "The model has no method forward.",
        "Define def forward(self, X) inside the class; look at its indentation.",
    ),
    (
        "RuntimeError",
        r"Boolean value of Tensor with more than one value is ambiguous",
        "if, and, or need one truth value, and got a tensor of several.",
        "Use torch.where, &, |, or reduce with .any() or .all().",
    ),
    (
        "RuntimeError",
        r"a Tensor with \d+ elements cannot be converted to Scalar",
        ".item(), float() and int() need a tensor with one value.",
        "Reduce it first: .mean() or .sum().",
    ),
    (
        "RuntimeError",
        r"Inference tensors cannot be saved for backward",
        "A tensor that was made under inference_mode is used for training.",
        "Train outside of inference_mode; make the data there too.",
    ),
    (
        "ValueError",
        r"Expected more than 1 value per channel when training",
        "Batch normalization got a batch of one row.",
        "Use larger batches, or drop_last=True in the DataLoader.",
    ),
    (
        "EOFError",
        r"EOF when reading a line",
        "input() asks for text, but nobody can answer during a check.",
        "Write the value into the file.",
    ),
    (
        "ModuleNotFoundError",
        r"No module named",
        "Python finds no module of this name.",
        "Look at the spelling; the exercises need torch, numpy and scikit-learn only.",
    ),
    (
        "RecursionError",
        r"maximum recursion depth",
        "A function calls itself without end.",
        "Look for a function or attribute that is defined by itself.",
    ),
]


def translate(error: BaseException) -> tuple[str, str]:
    """Return what an exception means and how to mend it; two empty texts where only its own message is known."""
    for kind, pattern, meaning, mend in CRASHES:
        if isinstance(error, getattr(builtins, kind)) and re.search(pattern, str(error)):
            return meaning, mend
    return "", ""


def source_line(exercise: Exercise, line: int) -> str:
    """Return one line of the learner's file."""
    linecache.checkcache()
    return linecache.getline(str(exercise.path), line).strip()


def render(exercise: Exercise, result: dict, after: list[str]) -> str:
    """Write a verdict as text.

    Args:
        exercise: that was checked.
        result: of `worker.check`.
        after: the last lines: what the learner can do next.
    """
    lines = [f"-- {exercise.number} {exercise.title}: {result['verdict'].upper()}"]
    if result.get("sentence"):
        lines += wrapped(result["sentence"])
    for name in ("got", "expected", "difference"):
        if result.get(name):
            lines += wrapped(result[name], name)
    if result.get("cause"):
        lines += wrapped(result["cause"], "cause")
    lines += learners_line(exercise, result.get("line"))
    for measured in result.get("measured", ()):
        lines += wrapped(measured, "measured")
    for remark in result.get("remarks", ()):
        lines += wrapped(f"{remark['sentence']} {remark['cause']}", "remark")
        lines += learners_line(exercise, remark.get("line"))
    if result["verdict"] in ("wrong", "crashed", "timed out"):
        lines += wrapped(f"{exercise.command} --seed {result['seed']}", "replay")
    return "\n".join(lines + after)


def learners_line(exercise: Exercise, line: int | None) -> list[str]:
    """Return where in the learner's file, and what stands there."""
    return wrapped(f"{shown(exercise.path)}:{line}: {source_line(exercise, line)}", "your line") if line else []


def wrapped(text: str, label: str = "") -> list[str]:
    """Return a text on lines of readable length, a label before the first; ASCII only."""
    text = text.encode("ascii", "backslashreplace").decode()
    start = f"   {label:<11}" if label else ""
    return textwrap.wrap(text, WIDTH, initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False)
