"""How large the parts of the code are: ``python -m benchmarks.house``.

It reads the code and imports nothing of it. Code lines have no blanks, comments and
docstrings. Attributes are those that a class sets on ``self``, if it sets any. A chain
of imports has no imports for types alone, or in functions. A numeric constant is a name
in capitals at the top of a module.
"""

from __future__ import annotations

import ast
import functools
import io
import pathlib
import statistics
import tokenize
from collections.abc import Iterator

__all__ = ("measure", "parts")

PACKAGE = pathlib.Path(__file__).resolve().parents[1] / "requests_bg96"
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
#: The kinds of token that are no code.
NO_CODE = "COMMENT NL NEWLINE INDENT DEDENT ENDMARKER".split()


@functools.cache
def syntax(path: pathlib.Path) -> ast.Module:
    """Parse a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def span(node: ast.stmt) -> range:
    """Return the numbers of the lines of a statement."""
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


@functools.cache
def code_lines(path: pathlib.Path) -> frozenset[int]:
    """Return the numbers of the lines that have code."""
    lines: set[int] = set()
    text = io.StringIO(path.read_text(encoding="utf-8"))
    for token in tokenize.generate_tokens(text.readline):
        if tokenize.tok_name[token.type] not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines.difference_update(span(node))
    return frozenset(lines)


def function_lengths(path: pathlib.Path) -> Iterator[int]:
    """Yield the code lines of each function."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, FUNCTION):
            yield len(code_lines(path).intersection(span(node)))


def attributes(path: pathlib.Path) -> Iterator[int]:
    """Yield how many attributes each class sets on ``self``, if any."""
    for kind in ast.walk(syntax(path)):
        if isinstance(kind, ast.ClassDef):
            stored = [
                (one.attr, ast.unparse(one.value))
                for one in ast.walk(kind)
                if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store)
            ]
            if names := {name for name, owner in stored if owner == "self"}:
                yield len(names)


def is_constant(node: ast.stmt) -> bool:
    """Return whether a statement gives a number to a name in capitals."""
    if not isinstance(node, ast.Assign) or not ast.unparse(node.targets[0]).isupper():
        return False
    return {*ast.unparse(node.value)} <= {*"0123456789.e+-*/<>() "}


def run(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that an import carries out."""
    if isinstance(node, FUNCTION):
        return
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from run(child)


def imported(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yield the files of the package that a module imports."""
    for node in run(syntax(path)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1]
            base = base.joinpath(*(node.module or "").split("."))
            for one in (base, *(base / name.name for name in node.names)):
                yield from filter(
                    pathlib.Path.is_file, (one.with_suffix(".py"), one / "__init__.py")
                )


def longest_chain(paths: set[pathlib.Path]) -> list[pathlib.Path]:
    """Return the longest chain of modules; each imports the next one."""

    @functools.cache
    def chain(path: pathlib.Path) -> list[pathlib.Path]:
        used = paths.intersection(imported(path)) - {path}
        return [path, *max(map(chain, sorted(used)), key=len, default=[])]

    return max(map(chain, sorted(paths)), key=len)


def measure(paths: set[pathlib.Path]) -> dict[str, object]:
    """Return the figures of some modules, by name."""
    lengths = sorted(length for path in paths for length in function_lengths(path))
    middle, ninth = statistics.median_low(lengths), lengths[len(lengths) * 9 // 10]
    states = [count for path in paths for count in attributes(path)]
    return {
        "modules": len(paths),
        "code lines": sum(len(code_lines(path)) for path in paths),
        "function length median/p90/longest": f"{middle}/{ninth}/{lengths[-1]}",
        "attributes per class with state": f"{statistics.mean(states):.1f}",
        "longest chain of imports": len(longest_chain(paths)) - 1,
        "numeric constants": sum(
            map(is_constant, (node for path in paths for node in syntax(path).body))
        ),
    }


def parts() -> dict[str, set[pathlib.Path]]:
    """Return the modules of the client, its core without commands, and the emulator."""
    emulator = {*(PACKAGE / "emulator").rglob("*.py")}
    client = {*PACKAGE.rglob("*.py")} - emulator
    core = client - {*(PACKAGE / "cli").rglob("*.py")} - {PACKAGE / "__main__.py"}
    return {"client": client, "core": core, "emulator": emulator}


def main() -> None:
    """Print the table."""
    tables = {name: measure(paths) for name, paths in parts().items()}
    print(f"{'':36}" + "".join(f"{name:>12}" for name in tables))
    for row in tables["client"]:
        print(f"{row:36}" + "".join(f"{one[row]!s:>12}" for one in tables.values()))
    for name, paths in parts().items():
        chain = [one.relative_to(PACKAGE).as_posix() for one in longest_chain(paths)]
        print(f"\nthe longest chain, {name}: {', '.join(chain)}")


if __name__ == "__main__":
    main()
