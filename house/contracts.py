"""A folder's face, its ``__init__.pyi``, is what others import of it, and what nobody inside of it imports."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.application import contract_utils


class OnlyFaces(Contract):
    """A file of a folder that has a face is imported from within the folder alone, and the face from outside.

    Options:
        importers: Packages whose imports are checked.
        ignore_imports: Exceptions; one that is not needed any more is an error.
    """

    type_name = "only_faces"
    importers = fields.SetField(subfield=fields.StringField())
    ignore_imports = fields.SetField(subfield=fields.ImportExpressionField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at every import of a face, or of a file in a folder that has one."""
        removed = contract_utils.remove_ignored_imports_and_report(
            graph=graph,
            ignore_imports=self.ignore_imports,  # type: ignore[arg-type]
            unmatched_alerting=contract_utils.AlertLevel.ERROR,
        )
        faces = {module for module in graph.modules if graph.find_children(module) and _has_face(module)}
        wrong = []
        for importer in sorted(graph.modules):
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                folder = imported if imported in faces else imported.rpartition(".")[0]
                inside = f"{importer}.".startswith(f"{folder}.")
                if importer.partition(".")[0] in self.importers and folder in faces and inside == (imported in faces):  # type: ignore[operator]
                    wrong.append((importer, imported))
        return ContractCheck(kept=not wrong, warnings=list(removed.warnings), metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that reaches behind a face, or at one from inside."""
        for importer, imported in check.metadata["wrong"]:
            output.print_error(f"{importer} -> {imported}")
        output.print_error("import from the folder's __init__ when outside of it, from the file itself when inside")


def _has_face(package: str) -> bool:
    spec = importlib.util.find_spec(package)
    return spec is not None and spec.origin is not None and Path(spec.origin).with_suffix(".pyi").is_file()
