"""The file formats: how the rows of a file are read, and how the file is written again without some of them.

Imports `expectations`.
"""
