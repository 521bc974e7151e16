"""A shorter start for every lesson: one thread, and PyTorch's compiler only where it is needed.

Importing this file does two things to the process, both before the first tensor.

1. It sets one thread. Tensors as small as ours gain nothing from more, and lose on a busy machine.

2. It puts off `torch._dynamo`, the front end of `torch.compile`. Building the first optimizer of a
   process imports it, and sympy with it: about as much work as importing PyTorch itself. The
   optimizer asks it for two things, and both do nothing where nothing is compiled:

       torch._dynamo.disable(function, recursive, wrapping=False)    do not compile this function
       torch._dynamo.graph_break()                                   end the compiled graph here

   So a stand-in takes the package's place in `sys.modules` and answers these two. Whatever else is
   asked of it, and the import of any part of the package, loads the real one: `torch.compile`,
   `torch.func`, `torch.export` and the rest work as ever, and pay for the import when they need it.

The stand-in relies on these names, and on how PyTorch keeps the answer of `disable` (CACHE, below).
Where a release of PyTorch has other names, and where the real package is already there, it steps
aside: then the start takes as long as it always did. `COURSE_QUICK_START=0` turns it off.
"""

import importlib
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import torch

NAME = "torch._dynamo"
# The attribute of a function in which PyTorch keeps what `disable` answered, so that it asks once.
CACHE = "__dynamo_disable"


class StandIn(ModuleType):
    """Takes the place of `torch._dynamo` until somebody asks for more than the two things."""

    def __init__(self, spec: ModuleSpec):
        super().__init__(spec.name, "The stand-in of course/quick_start.py, which explains it.")
        self.__spec__ = spec
        self.__file__ = spec.origin
        self.__path__ = list(spec.submodule_search_locations or [])
        # the functions that `disable` gave back as they are
        self.__answered__: list[Callable] = []

    def disable(self, fn: Any = None, recursive: bool = True, **options: Any) -> Any:
        """Return the function as it is: where nothing is compiled, it needs no protection."""
        asked_by_pytorch = options == {"wrapping": False}
        if not asked_by_pytorch:  # so by somebody who is about to compile
            return load().disable(fn, recursive, **options)
        self.__answered__.append(fn)
        return fn

    def graph_break(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: there is no graph."""

    def __getattr__(self, name: str) -> Any:
        """Load the real package for any name but those by which Python looks at modules."""
        if name.startswith("__"):
            raise AttributeError(f"module {NAME!r} has no attribute {name!r}")
        return getattr(load(), name)


class FinderOfParts(MetaPathFinder):
    """Loads the real package before one of its parts, as in `import torch._dynamo.config`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the part that came with the package, or None: then Python looks for it itself."""
        if not fullname.startswith(f"{NAME}.") or not isinstance(sys.modules.get(NAME), StandIn):
            return None
        load()
        # If the part stayed in `sys.modules`, Python would run its file a second time.
        part = sys.modules.pop(fullname, None)
        if part is None:
            return None
        return ModuleSpec(fullname, AlreadyLoaded(part))


class AlreadyLoaded(Loader):
    """Hands out a module as it is."""

    def __init__(self, module: ModuleType):
        self.module = module
        self.spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module."""
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Run nothing; give the module its own specification back, which Python has replaced."""
        with suppress(AttributeError):  # as Python does: PyTorch's modules of settings refuse both
            module.__spec__ = self.spec


one_at_a_time = threading.Lock()


def load() -> ModuleType:
    """Return the real `torch._dynamo`; the first call removes the stand-in and imports it."""
    with one_at_a_time:  # not while importing: there, Python has its own locks
        module = sys.modules.get(NAME)
        if isinstance(module, StandIn):
            del sys.modules[NAME]
            vars(torch).pop("_dynamo", None)
            for function in module.__answered__:
                # the next call asks again, and the real package answers
                vars(function).pop(CACHE, None)
    return importlib.import_module(NAME)


def install() -> bool:
    """Put the stand-in in place; return False where it is not wanted or does not fit."""
    if os.environ.get("COURSE_QUICK_START") == "0":
        return False
    if NAME in sys.modules or not names_are_known():
        return False
    spec = importlib.util.find_spec(NAME)
    if spec is None:
        return False
    stand_in = StandIn(spec)
    sys.modules[NAME] = stand_in
    torch._dynamo = stand_in
    sys.meta_path.insert(0, FinderOfParts())
    return True


def names_are_known() -> bool:
    """Tell whether the optimizers of this PyTorch ask for the two things, by these names."""
    once = words_in(torch.optim.Optimizer.add_param_group)
    each_step = words_in(torch.optim.SGD.step)
    return {NAME, "disable", "wrapping", CACHE} <= once and {NAME, "graph_break"} <= each_step


def words_in(function: Callable) -> set[str]:
    """Return the names and the texts in the code of a function."""
    code = getattr(function, "__code__", None)
    if code is None:
        return set()
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, str):
            found.add(constant)
        if isinstance(constant, tuple):  # the names of keyword arguments
            found.update(constant)
    return found


torch.set_num_threads(1)
install()
