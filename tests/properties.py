"""How many examples a slow property gets."""

from hypothesis import settings


def examples(few: int, *, deep: int = 500) -> int:
    """So many in `make test`, which is to end in minutes, and `deep` in `make test-deep`."""
    return deep if settings.get_current_profile_name() == "deep" else few
