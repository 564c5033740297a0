"""No circles between files, and no reaching behind a folder's face.

A folder's face is its ``__init__.pyi``. Names are imported when they are first used, so an import of the face does not
show which files follow; here it counts as an import of every file that the face lists.
"""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.application import contract_utils


class NoCircles(Contract):
    """No file imports itself through others, be it for types alone or inside a function."""

    type_name = "no_circles"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look for a way from every imported file back to the one that imports it."""
        for folder, face in faces_of(graph).items():
            for file in listed_in(face, folder):
                graph.add_import(importer=folder, imported=file)
        circles = set()
        for importer in graph.modules:
            for imported in graph.find_modules_directly_imported_by(importer):
                if back := graph.find_shortest_chain(imported, importer):
                    first = back.index(min(back))
                    circles.add((*back[first:], *back[:first]))
        return ContractCheck(kept=not circles, metadata={"circles": sorted(circles, key=lambda one: (len(one), one))})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each circle, the shortest first."""
        for circle in check.metadata["circles"]:
            output.print_error(" -> ".join([*circle, circle[0]]))


class OnlyFaces(Contract):
    """A file of a folder that has a face is imported from within the folder alone.

    Options:
        importers: packages whose imports are checked.
        ignore_imports: exceptions; one that is not needed any more is an error.
    """

    type_name = "only_faces"
    importers = fields.SetField(subfield=fields.StringField())
    ignore_imports = fields.SetField(subfield=fields.ImportExpressionField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at every import of a file in another folder."""
        removed = contract_utils.remove_ignored_imports_and_report(
            graph=graph,
            ignore_imports=self.ignore_imports,  # type: ignore[arg-type]
            unmatched_alerting=contract_utils.AlertLevel.ERROR,
        )
        faces = faces_of(graph)
        behind = [
            (importer, imported)
            for importer in sorted(graph.modules)
            if importer.partition(".")[0] in self.importers  # type: ignore[operator]
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if imported not in faces
            and (folder := imported.rpartition(".")[0]) in faces
            and not f"{importer}.".startswith(f"{folder}.")
        ]
        return ContractCheck(kept=not behind, warnings=list(removed.warnings), metadata={"behind": behind})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that reaches behind a face, and the face."""
        for importer, imported in check.metadata["behind"]:
            output.print_error(f"{importer} -> {imported}: import from {imported.rpartition('.')[0]} instead")


def faces_of(graph: ImportGraph) -> dict[str, Path]:
    """The folders that have a face, and where it is."""
    faces = {}
    for module in graph.modules:
        if graph.find_children(module):
            spec = importlib.util.find_spec(module)
            assert spec is not None
            assert spec.origin is not None
            if (face := Path(spec.origin).with_suffix(".pyi")).is_file():
                faces[module] = face
    return faces


def listed_in(face: Path, folder: str) -> set[str]:
    """The modules that a face names: files, or other folders whose faces it shows."""
    lines = [line for line in ast.parse(face.read_text()).body if isinstance(line, ast.ImportFrom)]
    named = {f"{folder}.{line.module}" for line in lines if line.module is not None}
    return named | {f"{folder}.{name.name}" for line in lines if line.module is None for name in line.names}
