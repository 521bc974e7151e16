"""What the warm server imports once, so that no lesson waits for it.

Only speed depends on this file: an import that fails here fails again in the lesson, where its
traceback is shown. Nothing here may start a thread or ask for a GPU: neither survives the fork.
What one or two lessons use, such as torchmetrics, is left to them: here, all would wait for it.
The helper is left out on purpose: it is cheap once these are loaded, and a lesson must see its
newest state.
"""

import gc
import importlib
from contextlib import suppress

MODULES = """
    numpy pandas PIL.Image jinja2 matplotlib.pyplot matplotlib.backends.backend_agg
    sklearn.calibration sklearn.compose sklearn.datasets sklearn.decomposition sklearn.impute
    sklearn.inspection sklearn.linear_model sklearn.metrics sklearn.model_selection
    sklearn.pipeline sklearn.preprocessing
    torch torch.func torch.optim torch.utils.data
"""

gc.disable()  # imports make no garbage, and looking for it takes a quarter of their time
for name in MODULES.split():
    with suppress(Exception):
        importlib.import_module(name)

with suppress(Exception):
    # One thread, and torch's compiler front end only in the lessons that ask for it.
    import course.quick_start  # noqa: F401

gc.freeze()  # no child looks for garbage among what is here now, so this memory stays shared
gc.enable()
