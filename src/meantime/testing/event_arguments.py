"""What the builders of events are given, checked before anything is built: a test is told of its own mistake."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def each_of(name: str, given: Any) -> list[Any]:
    """What was given for each record, as a list."""
    if isinstance(given, (str, bytes, dict)) or not hasattr(given, "__iter__"):
        raise TypeError(f"{name} must be a list, with one for each record; got {given!r:.80}")
    return list(given)


def check_as_many(name: str, given: Any, of: str, expected: list[Any]) -> None:
    """Refuse a list that has not one for each record."""
    if given is None:
        return
    if isinstance(given, (str, bytes)) or not hasattr(given, "__len__"):
        raise TypeError(f"{name} must be a list, with one for each of {of}; got {given!r:.80}")
    if len(given) != len(expected):
        raise ValueError(f"{name} must have one for each of {of}, {len(expected)}; got {len(given)}: {given!r:.80}")


def pair_of(number: int, images: Any) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The item before and after one change."""
    if (
        not isinstance(images, (tuple, list))
        or len(images) != 2  # noqa: PLR2004  # before and after
        or not all(image is None or isinstance(image, dict) for image in images)
    ):
        raise TypeError(
            f"images[{number}] must be a pair of the item before and after, each a dict or None: an insert is "
            f'(None, {{"id": "1"}}); got {images!r:.80}'
        )
    old, new = images
    if old is None and new is None:
        raise ValueError(f"images[{number}] has an item neither before nor after: nothing was changed")
    return old, new


def check_keys(number: int, item: dict[str, Any], keys: Sequence[str]) -> None:
    """Refuse an item without its primary key."""
    if isinstance(keys, str):
        raise TypeError(f"keys must be a list of the key's attributes, as in keys=[{keys!r}]")
    if missing := [name for name in keys if name not in item]:
        raise ValueError(
            f"images[{number}] has no {' and no '.join(missing)}, which is in the primary key: say with keys= which "
            f"attributes are; got {item!r:.80}"
        )
