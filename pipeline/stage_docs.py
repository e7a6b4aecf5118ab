"""What a stage does, told where it runs: its module's own words, and its tables' first lines. Imports no stage."""

import ast
from pathlib import Path

STAGES_FOLDER = Path(__file__).resolve().parent / "stages"
SQL = STAGES_FOLDER.parent.parent / "sql"


def described(stage: str) -> str:
    """The stage in Markdown: its docstring, what it reads, and the models that it runs, a line each."""
    tree = ast.parse((STAGES_FOLDER / f"{stage}.py").read_text("utf-8"))
    parts = [ast.get_docstring(tree) or "", f"**Reads**: {', '.join(f'`{name}`' for name in _needs(tree)) or 'files'}."]
    models = [_told(path) for path in sorted((SQL / stage).glob("*.sql"))]
    parts += ["\n".join(["**Models**:", "", *models])] if models else []
    return "\n\n".join(parts)


def _needs(tree: ast.Module) -> tuple[str, ...]:
    """The module's NEEDS, without importing it."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id == "NEEDS":
                return tuple(ast.literal_eval(node.value))
    return ()


def _told(model: Path) -> str:
    """What a model's header says that its table is, as an item of a list."""
    header = model.read_text("utf-8").partition("\n-- grain")[0].replace("\n--", "").removeprefix("-- ")
    name, _, told = header.partition(": ")
    return f"- `{name}`: {told.partition('. ')[0].rstrip('.')}"
