"""What can go wrong with a local stack and a person can repair."""


class StackError(Exception):
    """Raised when the local stack can't start or end; the message says what to do."""
