"""Questions that arrive at the same time, answered in one go: one costs nearly as much as ten."""

import asyncio

from painresponse_serve.answering import Put, Told, tell

MOST = 32
"""Questions answered in one turn; others wait for the next, so that probes are answered in between."""


class Together:
    """Holds questions until a round of the loop brings no more. Who asks alone waits for nobody."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Put, asyncio.Future[Told]]] = []

    async def told(self, one: Put) -> Told:
        """The answer to a question, the same to the bit whoever else asks."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Told] = loop.create_future()
        self._waiting.append((one, future))
        if len(self._waiting) == 1:
            loop.call_soon(self._turn, loop, 0)
        return await future

    def _turn(self, loop: asyncio.AbstractEventLoop, before: int) -> None:
        """Answer those who wait, unless they have become more since the round before."""
        if before < len(self._waiting) < MOST:
            loop.call_soon(self._turn, loop, len(self._waiting))
            return
        now, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        if self._waiting:
            loop.call_soon(self._turn, loop, 0)
        asked = [(one, future) for one, future in now if not future.done()]  # nobody waits for the others
        try:
            for (_, future), told in zip(asked, tell([one for one, _ in asked]), strict=True):
                future.set_result(told)
        except Exception:
            _each_alone(asked)


def _each_alone(asked: list[tuple[Put, asyncio.Future[Told]]]) -> None:
    """What fails for one of them must not fail for the others."""
    for one, future in asked:
        try:
            future.set_result(tell([one])[0])
        except Exception as error:
            future.set_exception(error)
