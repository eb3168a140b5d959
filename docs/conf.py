"""How Sphinx builds these pages: `sphinx-build -W docs FOLDER`, or `nox -s docs`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "ssh-stack"
author = "The ssh-stack authors"
copyright = "The ssh-stack authors"  # noqa: A001 (the name that Sphinx reads)

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "public_names"]
exclude_patterns = ["extensions", "explanations/measured.md"]
default_role = "code"  # what docstrings put between single backquotes

html_theme = "furo"
html_title = project

myst_heading_anchors = 3  # links to headings of other pages
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
autodoc_default_options = {"members": True, "show-inheritance": True}
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
