"""Awaitables that are ready, and coroutines that are run to their end at once.

The SDK's outputs are coroutines on an event loop, because an engine answers later. Offline everything is known when it
is asked for, so the SDK's own coroutines are driven to their end where they are made, and an output holds its data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.evaluate import sdk

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from pulumi import output

    Data = Any
    """The SDK's own record of an output: resources, value, is_known, is_secret."""


_held_by, _output_with = sdk.data_of, sdk.output_with

SCALARS = frozenset({str, bool, int, float})
"""Classes of a value that holds no other."""


class NotSynchronous(BaseException):
    """The program waits for something that only an event loop can bring, or uses what only an engine knows."""


class Ready:
    """A future that has its result, gets it before it is read, or computes it when it is read."""

    __slots__ = ("_compute", "done", "value")

    def __init__(self, compute: Callable[[], Any] | None = None) -> None:
        """Take what computes the result, or nothing where `set_result` gives it."""
        self._compute = compute
        self.done = False
        self.value: Any = None

    def set_result(self, result: Any) -> None:
        """Give the result."""
        self.value = result
        self.done = True

    def set_exception(self, error: BaseException) -> None:
        """Raise at once, because offline no reader comes later."""
        raise error

    def result(self) -> Any:
        """The result; raises NotSynchronous where there is none yet."""
        if not self.done:
            if self._compute is None:
                raise NotSynchronous
            self.set_result(self._compute())
        return self.value

    def __await__(self) -> Generator[None, None, Any]:
        return self.result()
        yield  # makes this a generator, which an awaitable's must be


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine gives, run to its end; raises what it raises, and NotSynchronous where it has to wait."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise NotSynchronous


def driven(awaitable: Any) -> Any:
    """As `asyncio.ensure_future`: the awaitable itself where it is ready, else one with the coroutine's result."""
    if isinstance(awaitable, Ready):
        return awaitable
    done = Ready()
    done.set_result(drive(awaitable))
    return done


def data_of(made: output.Output[Any]) -> Data:
    """An output's data; raises NotSynchronous for an output that an event loop made."""
    held = _held_by(made)
    if held.__class__ is not Ready:
        raise NotSynchronous
    return held.value if held.done else held.result()


def made_of(compute: Callable[[], Data]) -> output.Output[Any]:
    """An output whose data is computed when it is asked for."""
    return _output_with(Ready(compute))


class Asyncio:
    """The module `asyncio` as the SDK's modules see it while a program runs offline."""

    Future = Ready
    ensure_future = staticmethod(driven)

    @staticmethod
    async def gather(*awaitables: Any) -> list[Any]:
        """Every result, in order."""
        return [await each for each in awaitables]

    @staticmethod
    async def sleep(_: float) -> None:
        """Return at once, because offline no other task runs."""

    @staticmethod
    def get_running_loop() -> type[Asyncio]:
        """Itself: all that is asked of a loop is to run something in a thread."""
        return Asyncio

    @staticmethod
    async def run_in_executor(_: object, function: Callable[[], Any]) -> Any:
        """The function's result, in this thread."""
        return function()


def output_patches() -> list[tuple[Any, str, Any]]:
    """What makes the SDK's outputs hold their data at once: target, attribute, value."""

    def construct(made: Any, resources: Any, future: Any, is_known: Any, is_secret: Any = None) -> None:
        async def compute() -> Data:
            return sdk.OutputData(  # as the SDK's own constructor does
                resources=resources if isinstance(resources, set) else await resources,
                value=await future,
                is_known=await is_known,
                is_secret=False if is_secret is None else await is_secret,
            )

        sdk.set_data(made, Ready(lambda: drive(compute())))

    def from_data(cls: type[Any], data: Any) -> Any:
        made = object.__new__(cls)
        sdk.set_data(made, driven(data))
        return made

    secret_of = sdk.output.Output.secret

    def secret(value: Any) -> Any:
        """As the SDK's; of text and the like there is nothing to search for outputs."""
        is_output = isinstance(value, sdk.output.Output)
        data = data_of(value) if is_output else sdk.KnownData(set(), value, is_known=True, is_secret=False)
        if not data.is_known or data.value.__class__ not in SCALARS:
            return secret_of(value)
        return made_of(lambda: sdk.KnownData(data.resources, data.value, is_known=True, is_secret=True))

    return [
        (sdk.output, "asyncio", Asyncio),
        (sdk.output.Output, "__init__", construct),
        (sdk.output.Output, "_from_data", classmethod(from_data)),
        (sdk.output.Output, "secret", staticmethod(secret)),
    ]
