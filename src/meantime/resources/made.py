"""What every warm resource has, and every thing that one has made: when it was used, and what else it stands on."""

from __future__ import annotations

from threading import Lock

from meantime import clock
from meantime.callables import name_of
from meantime.leftovers import being_made

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from typing import Any, Protocol

    from meantime.environment import Environment
    from meantime.resources.freshness import Freshness

    class Made(Protocol):
        """A resource that has been made, and can be closed."""

        @property
        def loop(self) -> asyncio.AbstractEventLoop | None:
            """The loop it lives on, if it lives on one."""
            ...

        @property
        def task(self) -> asyncio.Task[None]:
            """The task that holds it open, if it lives on a loop."""
            ...

        def close(self) -> None:
            """Close it, or, if it lives on a loop, ask its task to."""
            ...

        def discard(self) -> None:
            """Close it without waiting long; whoever asks next gets another."""
            ...


# How long the next may have to wait for the one before to be closed; then closing goes on beside it.
CLOSING_WAITED_FOR = 0.25

_claims = Lock()


class Resource:
    """A function that makes something, and what is to be known of it."""

    form_of_use = "{0}().{1}"  # of a resource of this name, an attribute of this name

    def __init__(self, function: Callable[[], Any], freshness: Freshness | None) -> None:
        self.function = function  # not __wrapped__: what this gives is not what the function gives
        self.__name__ = name_of(function)
        self.__doc__ = function.__doc__
        self.freshness = freshness

    def __call__(self) -> Any:
        """The thing itself; on a loop it is awaited."""
        raise NotImplementedError  # a blocking one and one on a loop are made differently

    if not TYPE_CHECKING:  # it has no further attributes, which a type checker should know

        def __getattr__(self, name):  # noqa: ANN001, ANN204  # for type checkers it is not there
            """Tell who takes the resource for what it gives."""
            if name.startswith("__"):  # Python's own modules ask for many; and a copy that is being made has none yet
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            own = vars(self).get("__name__", "")
            variable = "http" if own.startswith("clients.") else own.rpartition(".")[2]
            form = self.form_of_use.format(variable, name)
            raise AttributeError(
                f"{own} is a warm resource, and has no {name!r} of its own: call it for what it gives, as in `{form}`"
            )

    def check_circle(self) -> None:
        """Raise RuntimeError if this is asked for by what it is being made for."""
        above = [each.resource for each in being_made.get()]  # type: ignore[attr-defined]  # they are Things
        if self in above:
            circle = " needs ".join(each.__name__ for each in (*above[above.index(self) :], self))
            raise RuntimeError(f"warm resources need each other in a circle: {circle}")

    def log_not_good(self, why: object) -> None:
        """One line of the log: it is made anew, since its check says so."""
        from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

        getLogger("meantime").info("The warm resource %s is made anew: its check says %r", self.__name__, why)


class Thing:
    """What a resource has made, in one environment or on one loop."""

    loop: asyncio.AbstractEventLoop | None = None
    task: Any = None

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.closed = False  # or about to be: whoever asks next gets another
        self.made_at = 0.0  # in seconds of the wall clock, as all that has to do with freshness
        self.used_at = 0.0
        self.looked_in = 0  # the invocation that has looked whether it is still good
        self.needs: list[Thing] = []  # the things that it was made of, as far as they may be made anew
        self.dependents: list[Thing] = []  # the other way round

    @property
    def may_be_remade(self) -> bool:
        """Whether somebody must look after it: it has a freshness of its own, or stands on something that has."""
        return self.resource.freshness is not None or bool(self.needs)

    def was_made(self) -> None:
        """From now on it can be used."""
        self.made_at = self.used_at = clock.wall()

    def note_use(self) -> None:
        """Somebody gets it; if that is something being made, it stands on this from now on."""
        self.used_at = clock.wall()
        above = being_made.get()
        if above:
            user = above[-1]
            assert isinstance(user, Thing)  # noqa: S101  # for type checkers: nothing else is ever made here
            if user is not self and self not in user.needs:
                user.needs.append(self)
                self.dependents.append(user)

    def lost_its_ground(self) -> bool:
        """Whether it is closed, or something that it stands on is."""
        return self.closed or any(need.closed for need in self.needs)

    def claim(self) -> bool:
        """Whether the caller, and no other thread, is the one to close it."""
        with _claims:
            claimed, self.closed = not self.closed, True
        if claimed:
            for need in self.needs:
                if self in need.dependents:
                    need.dependents.remove(self)
        return claimed

    def discard(self) -> None:
        """Close it, and before it what stands on it, without waiting long; whoever asks next gets another."""
        dependents = self.dependents[:]
        for dependent in reversed(dependents):
            dependent.discard()
        if self.claim():
            self.close_soon(dependents)

    def close_soon(self, dependents: list[Thing]) -> None:
        """Close it without waiting long; these, which stood on it, are being closed."""
        raise NotImplementedError  # likewise


def invocation_of(environment: Environment) -> int:
    """The number of the invocation that is under way; 0 where no handler of ours runs, so that nobody knows."""
    return environment.counted.invocations if environment.busy.locked() else 0


def log_failure(name: str, why: str = "") -> None:
    """One log line on a resource that would not close; without `why` it tells the exception being handled."""
    from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

    getLogger("meantime").error(
        "The warm resource %s failed to close%s", name, f": {why}" if why else "", exc_info=not why
    )
