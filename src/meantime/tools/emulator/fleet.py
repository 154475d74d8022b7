"""All environments of one function: which of them takes an invocation, and when another one is started."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from meantime.tools.emulator.engine import in_thread
from meantime.tools.emulator.environment import Environment, Request, Setting
from meantime.tools.emulator.errors import ClosedError, TooManyRequestsError

if TYPE_CHECKING:
    from meantime.tools.emulator.invocation import Invocation


class Fleet:
    """The environments; lives on the engine's loop."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._closed = False
        self._idle: list[Environment] = []
        self._busy: dict[Environment, asyncio.Task[Any] | None] = {}

    async def invoke(self, request: Request) -> Invocation:
        """Run one invocation in the environment that was idle last, or in a new one.

        Raises:
            TooManyRequestsError: The function is at its reserved concurrency.
            ClosedError: The emulator is closed, or was closed meanwhile.
        """
        try:
            return await self._invoke(request)
        except BaseException as error:
            if request.channel is not None:
                await request.channel.end(error)
            raise

    async def close(self) -> None:
        """End every environment, also those at work, and remove all that was made."""
        self._closed = True
        at_work = [task for task in self._busy.values() if task is not None]
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)
        environments, self._idle = [*self._idle, *self._busy], []
        await asyncio.gather(*(environment.close() for environment in environments), return_exceptions=True)
        await in_thread(self._setting.ground.close)

    async def _invoke(self, request: Request) -> Invocation:
        if self._closed:
            raise ClosedError("the emulator is closed")
        environment = self._take()
        try:
            return await environment.invoke(request)
        except BaseException:
            environment.reusable = False
            if self._closed:
                raise ClosedError("the emulator was closed while the invocation was under way") from None
            raise
        finally:
            await self._give_back(environment)

    def _take(self) -> Environment:
        if self._idle:
            # Newest first: it is what AWS's own measurements fit, and lets the others go cold.
            environment = self._idle.pop()
        else:
            limit = self._setting.function.reserved_concurrency
            if limit is not None and len(self._busy) >= limit:
                raise TooManyRequestsError(self._setting.function.name, limit)
            environment = Environment(self._setting)
        self._busy[environment] = asyncio.current_task()
        return environment

    async def _give_back(self, environment: Environment) -> None:
        if self._closed:
            return  # whoever closes the fleet ends it
        if environment.reusable:
            self._idle.append(environment)
        else:
            await environment.close()
        self._busy.pop(environment, None)
