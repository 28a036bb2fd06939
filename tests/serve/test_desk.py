"""How many requests are worked on at once, when few come and when too many do."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from painresponse_serve import load_settings
from painresponse_serve.complaints import RequestError
from painresponse_serve.intake import Desk


def told(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 10))


def desk(concurrent: int, busy_seconds: float = 0.02) -> Desk:
    return Desk(replace(load_settings().limits, concurrent=concurrent, busy_seconds=busy_seconds))


async def works(desk: Desk, many: int) -> None:
    for _ in range(many):
        await desk.begin()


async def is_refused(desk: Desk) -> None:
    with pytest.raises(RequestError) as refused:
        await desk.begin()
    assert (refused.value.status, refused.value.code) == (503, "busy")


async def crowded(concurrent: int) -> tuple[Desk, asyncio.Task[None]]:
    """A desk at which as many are worked on as may be, and one too many who waits to be refused."""
    ours = desk(concurrent)
    await works(ours, concurrent)
    one_too_many = asyncio.create_task(is_refused(ours))
    await asyncio.sleep(0)
    return ours, one_too_many


def test_as_many_are_worked_on_as_the_settings_say_and_no_more():
    async def story() -> None:
        ours = desk(4)
        await works(ours, 4)
        await is_refused(ours)
        assert ours.at_work == 4
        ours.end()
        await works(ours, 1)

    told(story())


def test_while_somebody_waits_to_be_refused_half_as_many_are_worked_on():
    async def story() -> None:
        ours, one_too_many = await crowded(4)
        ours.end()
        ours.end()
        await asyncio.gather(one_too_many, is_refused(ours))  # two are at work, and one more is too many
        assert ours.at_work == 2
        await works(ours, 2)  # nobody waits any more

    told(story())


def test_of_those_that_are_let_in_while_somebody_waits_none_is_turned_away():
    async def story() -> None:
        ours, one_too_many = await crowded(4)
        for _ in range(3):
            ours.end()
        await works(ours, 1)
        assert ours.at_work == 2
        await one_too_many

    told(story())


def test_a_desk_for_one_works_on_one_even_then():
    async def story() -> None:
        ours, one_too_many = await crowded(1)
        ours.end()
        await works(ours, 1)
        await one_too_many

    told(story())


def test_who_leaves_while_waiting_is_no_longer_counted():
    async def story() -> None:
        ours = desk(2, busy_seconds=60)
        await works(ours, 2)
        gone = asyncio.create_task(ours.begin())
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        ours.end()
        await works(ours, 1)

    told(story())
