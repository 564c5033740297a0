"""The documentation site: the pages of ``docs/``, a reference from docstrings, the command, cards, notebooks."""
