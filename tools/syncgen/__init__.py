"""Writes blocking classes from async ones.

table      what is mirrored, and what is not, with the reason
source     finds a class or function, its bases and its imports, without importing anything
translate  an annotation's blocking form, and how a result becomes a blocking object
members    one method, property or attribute of a blocking class
modules    a blocking module, from its docstring to its last line
"""

from __future__ import annotations
