"""What a change is: its columns and position, typed values, the reasons against a row, and the key text.

Imports `expectations`.
"""
