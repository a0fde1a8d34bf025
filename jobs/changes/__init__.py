"""What a change is: its columns, the typing of raw values, nested rules, and the text of a key.

Imports `expectations`.
"""
