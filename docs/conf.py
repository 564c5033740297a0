"""Configuration of the documentation site; ``make docs`` builds it with every warning as an error, from no network."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from steered_env import __version__

project = "steered-env"
author = "the steered-env contributors"
copyright = "the steered-env contributors"  # noqa: A001 (Sphinx's name)
release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "sphinx_copybutton"]
exclude_patterns = ["_extra"]
default_role = "py:obj"
nitpicky = True

myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_inherit_docstrings = False
autoclass_content = "class"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False  # types would be read as markup
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

pygments_style = "friendly"
pygments_dark_style = "github-dark"

html_theme = "furo"
html_title = f"steered-env {release}"
html_static_path = ["_static"]
html_extra_path = ["_extra"]
html_css_files = ["site.css"]
html_favicon = "_static/logo.svg"
html_logo = "_static/logo.svg"
html_copy_source = False
html_show_search_summary = False  # it would fetch pages, which a page that is opened as a file may not
html_theme_options = {"sidebar_hide_name": False, "navigation_with_keys": True}
copybutton_prompt_text = r"^\$ |^>>> |^\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"


def _resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Node) -> nodes.Node | None:
    """Find a Python name by its end; one that is none of ours stays text."""
    if node.get("refdomain") != "py":
        return None
    domain: Any = env.get_domain("py")
    target = str(node["reftarget"])
    found = domain.find_obj(env, None, None, target.rpartition(".")[2], "obj", 1)
    exact = [name for name, entry in found if not entry.aliased] or [name for name, _ in found]
    if len(exact) == 1 and app.builder is not None:
        resolved = domain.resolve_xref(env, node["refdoc"], app.builder, "obj", exact[0], node, content)
        return resolved if isinstance(resolved, nodes.Node) else None
    return content


def _skip_members_of_others(app: Sphinx, what: str, name: str, member: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what a class has from a library, such as matplotlib's ``Figure.set``."""
    module = str(getattr(member, "__module__", None) or "evaluation")
    return None if module.partition(".")[0] in ("steered_env", "evaluation") else True


def setup(app: Sphinx) -> None:
    """Let names that stand in docstrings lead to their entries, and show members of our own alone."""
    app.connect("missing-reference", _resolve)
    app.connect("autodoc-skip-member", _skip_members_of_others)
