"""How long modules and functions are, and which break the house's limits."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

MODULE_MEDIAN, MODULE_MAX = 120, 400
FUNCTION_P90, FUNCTION_MAX = 30, 60
OWN = ("chalicelib", "infra", "app.py")


def modules(root: Path) -> Iterator[Path]:
    """Our own modules under `root`."""
    for name in OWN:
        yield from [root / name] if name.endswith(".py") else sorted((root / name).rglob("*.py"))


def functions(module: Path) -> Iterator[tuple[str, int]]:
    """(place, lines) of every function of a module, nested ones too."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{module}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def mistakes(root: Path) -> list[str]:
    """Every limit that is broken under `root`, in words; packages' docstring-only modules do not soften the median."""
    lengths = {module: len(module.read_text().splitlines()) for module in modules(root)}
    spans = dict(place for module in lengths for place in functions(module))
    found = [f"{module} has {lines} lines" for module, lines in lengths.items() if lines > MODULE_MAX]
    found += [f"{place} has {lines} lines" for place, lines in spans.items() if lines > FUNCTION_MAX]
    median = statistics.median(lines for lines in lengths.values() if lines > 1)
    if median > MODULE_MEDIAN:
        found.append(f"the median module has {median} lines")
    if len(spans) > 1 and (p90 := statistics.quantiles(spans.values(), n=10)[-1]) > FUNCTION_P90:
        found.append(f"one function in ten has {p90:.0f} lines or more")
    return found
