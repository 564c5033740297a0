"""The rules of the house that import-linter does not bring along; ``make check`` enforces them."""
