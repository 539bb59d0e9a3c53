"""The source of an own primitive: what identifies it, and its text in generated modules."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import inspect
import math
import sys
import sysconfig
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from search_spaces.errors import PrimitiveError
from search_spaces.own_primitive import primitive

# What generated modules call the modules that a definition may use; the first two are always there.
_MODULES: dict[str, types.ModuleType] = {
    "torch": torch,
    "nn": nn,
    "functional": functional,
    "math": math,
}
_PLACES = {**_MODULES, "torch.special": torch.special}
# Their names live elsewhere, or (in f-strings, before Python 3.12) have no place in the text.
_OPAQUE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.JoinedStr)
_PLAIN_TYPES = ("bool", "float", "int", "str")


@dataclass(frozen=True, slots=True)
class Source:
    """`identity` changes whenever the function could compute something else: it is the definition
    or, where there is none, the module and the modules of the user's that it imports. The rest is
    as in `OwnPrimitive`.
    """

    identity: str
    definition: str
    modules: tuple[str, ...]
    obstacle: str


class _ObstacleError(Exception):
    """Why a definition cannot stand in a module of its own."""


def read_source(function: types.FunctionType) -> Source:
    """The source of a function at the top of a module. Raises PrimitiveError."""
    try:
        text = inspect.getsource(function)
    except OSError:
        raise PrimitiveError(
            f"the source of {function.__name__} cannot be read; define it in a .py file"
        ) from None
    try:
        (node,) = ast.parse(text).body
    except IndentationError:
        raise PrimitiveError(
            f"{function.__name__} must be defined with def at the top of its module, not inside an "
            "if or try block; move it out"
        ) from None
    if not isinstance(node, ast.FunctionDef):
        raise PrimitiveError(f"{function.__name__} must be defined with def")
    for part in ast.walk(node):
        if isinstance(part, ast.Import | ast.ImportFrom | ast.Global):
            raise PrimitiveError(
                f"{function.__name__} has an import or global statement inside; put imports at "
                "the top of its module, and keep no state"
            )
    try:
        definition, modules = _definition(function, node, text)
    except _ObstacleError as obstacle:
        module = sys.modules[function.__module__]
        identity = f"{text}\n{''.join(_sources(module))}"
        return Source(identity, "", (), str(obstacle))
    return Source(definition, definition, modules, "")


def _definition(
    function: types.FunctionType, node: ast.FunctionDef, text: str
) -> tuple[str, tuple[str, ...]]:
    """The text from `def` on with the names that generated modules have, and what it imports."""
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if _value(called, function.__globals__) is not primitive:
            raise _ObstacleError(f"it has the decorator @{ast.unparse(decorator)}")
    edits = _annotations(node)
    scope = ast.Module(node.body, [])
    for part in ast.walk(scope):
        if isinstance(part, _OPAQUE):
            raise _ObstacleError("it has a function, a class or an f-string inside")
    names = [part for part in ast.walk(scope) if isinstance(part, ast.Name)]
    own = {name.id for name in names if not isinstance(name.ctx, ast.Load)}
    own |= {argument.arg for argument in _arguments(node)}
    modules = set()
    for name in names:
        if name.id not in own:
            written = _written(name.id, function.__globals__)
            modules.add(written.partition(".")[0])
            edits.append((name, written))
    lines = text.encode().splitlines(keepends=True)
    for part, new in sorted(edits, key=lambda edit: (-edit[0].lineno, -edit[0].col_offset)):
        _replace(lines, part, new)
    definition = b"".join(lines[node.lineno - 1 :]).decode().rstrip()
    return definition, tuple(sorted(modules & {"functional", "math"}))


def _arguments(node: ast.FunctionDef) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def _annotations(node: ast.FunctionDef) -> list[tuple[ast.expr, str]]:
    """Edits that write torch.Tensor however the author has; defaults must be plain numbers."""
    edits: list[tuple[ast.expr, str]] = []
    positional = [*node.args.posonlyargs, *node.args.args]
    tensors = positional[: len(positional) - len(node.args.defaults)]
    for argument in _arguments(node):
        assert argument.annotation is not None, "checked before"
        if argument in tensors:
            edits.append((argument.annotation, "torch.Tensor"))
        elif ast.unparse(argument.annotation) not in _PLAIN_TYPES:
            plain = ", ".join(_PLAIN_TYPES)
            raise _ObstacleError(f"its parameter {argument.arg} is not annotated as one of {plain}")
    for default in (*node.args.defaults, *node.args.kw_defaults):
        if default is None:
            continue
        try:
            ast.literal_eval(default)
        except ValueError:
            raise _ObstacleError(f"its default {ast.unparse(default)} is computed") from None
    assert node.returns is not None, "checked before"
    return [*edits, (node.returns, "torch.Tensor")]


def _written(name: str, known: dict[str, Any]) -> str:
    """What stands for a global name in a generated module."""
    if name not in known and hasattr(builtins, name):
        return name
    value = known.get(name)
    for place, module in _PLACES.items():
        if value is module:
            return place
    # Not what torch.nn.functional has imported for itself, such as np.
    origin = (getattr(value, "__module__", None) or "torch").partition(".")[0]
    public = origin in ("torch", "math") and not isinstance(value, types.ModuleType | None)
    for place, module in _PLACES.items() if public else ():
        for attribute in (name, getattr(value, "__name__", name)):
            if getattr(module, str(attribute), None) is value:
                return f"{place}.{attribute}"
    raise _ObstacleError(
        f"it uses {name!r}, which is neither of torch, torch.nn.functional or math nor built in"
    )


def _value(node: ast.expr, known: dict[str, Any]) -> object:
    """What a name or attribute stands for, None if that is not plain."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(_value(node.value, known), node.attr, None)
    return None


def _replace(lines: list[bytes], part: ast.expr, new: str) -> None:
    """Put a text in the place of an expression, in lines of UTF-8; later ones come first."""
    assert part.end_lineno is not None
    assert part.end_col_offset is not None
    rest = lines[part.end_lineno - 1][part.end_col_offset :]
    first = lines[part.lineno - 1][: part.col_offset]
    lines[part.lineno - 1 : part.end_lineno] = [first + new.encode() + rest]


def _sources(module: types.ModuleType) -> Iterator[str]:
    """The source of a module, and of all modules of the user's that are imported from there."""
    package = module.__name__.partition(".")[0]
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        module = waiting.pop()
        if module.__name__ in seen or not _is_of_the_user(module, package):
            continue
        seen.add(module.__name__)
        text = Path(str(module.__file__)).read_text(encoding="utf-8")
        yield f"# {module.__name__}\n{text}"
        imported = sorted(_imported(ast.parse(text), module))
        waiting += [sys.modules[name] for name in imported if name in sys.modules]


def _imported(tree: ast.Module, module: types.ModuleType) -> set[str]:
    """Names of what is imported, as modules."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")
            base = importlib.util.resolve_name(relative, module.__package__)
            found.update((base, *(f"{base}.{name.name}" for name in node.names)))
    return found


def _is_of_the_user(module: types.ModuleType, package: str) -> bool:
    """Whether a module may change while its version does not: of that package, or not installed."""
    file = getattr(module, "__file__", None) or ""
    name = module.__name__.partition(".")[0]
    if not file.endswith(".py") or name == __package__:
        return False
    places = ("stdlib", "platstdlib", "purelib", "platlib")
    return name == package or not file.startswith(tuple(map(sysconfig.get_path, places)))


def same_in_a_module_of_its_own(source: Source, name: str) -> Callable[..., torch.Tensor]:
    """The function that the definition makes where only the modules above are known."""
    namespace: dict[str, Any] = dict(_MODULES)
    exec(compile(source.definition, f"{name}.py", "exec"), namespace)
    function: Callable[..., torch.Tensor] = namespace[name]
    return function
