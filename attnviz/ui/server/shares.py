"""Who may wait for how much: shares of the queue by session and address, turns, and nothing for those who left.

gradio's queue is one list a lane, first come first served, and computes what nobody listens for. It keeps the messages
of 2,000 sessions, those of visitors who never listened too, and cuts off the stream of the one that came first.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from attnviz.ui.server import limits
from attnviz.ui.server.page import Session


class Shares:
    """The queue's shares, and which sessions listen for their answers.

    All methods run on the server's loop, so none needs a lock.

    Args:
        blocks: The page, whose queue this is; it computes one event of a session at a time from now on.
    """

    def __init__(self, blocks: Any) -> None:
        self.blocks = blocks
        self.queue.get_events = partial(self._next, self.queue.get_events)
        self.queue.pending_messages_per_session.max_size = limits.SESSIONS_MESSAGES
        self._listening: Counter[str] = Counter()
        self._sessions: dict[str, OrderedDict[str, None]] = defaultdict(OrderedDict)
        self._asked: dict[str, float] = {}  # sessions for which messages may be kept, and when they asked last
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def queue(self) -> Any:
        """The queue of the page."""
        return self.blocks._queue

    def full(self, session: str, address: str, lane: str | None) -> bool:
        """Whether one more event of this session, address and lane would take more than its share."""
        waiting = [event for lane in self._lanes() for event in lane.queue]
        lanes = self.queue.event_queue_per_concurrency_id
        return (
            len(waiting) >= limits.WAITING
            or (lane in lanes and len(lanes[lane].queue) >= limits.WAITING_LANE)
            or sum(event.session_hash == session for event in waiting) >= limits.WAITING_SESSION
            or sum(address_of(event.request.scope) == address for event in waiting) >= limits.WAITING_ADDRESS
        )

    def asks(self, session: str) -> None:
        """An event of this session goes to the queue: see to it that it goes where nobody listens."""
        self._asked[session] = time.monotonic()
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = asyncio.get_running_loop().create_task(self._sweep())

    def joined(self) -> None:
        """Put the events that wait in turns."""
        running = [event for job in self.queue.active_jobs if job for event in job]
        for lane in self._lanes():
            here = [event for event in running if event.concurrency_id == lane.concurrency_id]
            lane.queue[:] = in_turns(lane.queue, self._listening, here)

    def _next(self, get_events: Callable[[], Any]) -> Any:
        """What gradio computes next, but nothing of a session for which the same lane is at work.

        So an event begins with the state that the one before it left, and of two with equal outputs the later counts.
        """
        running = {(e.concurrency_id, e.session_hash) for job in self.queue.active_jobs if job for e in job}
        waiting = {lane.concurrency_id: list(lane.queue) for lane in self._lanes()}
        for lane in self._lanes():
            lane.queue[:] = [e for e in lane.queue if (lane.concurrency_id, e.session_hash) not in running]
        chosen = get_events()
        for lane in self._lanes():
            lane.queue[:] = [e for e in waiting[lane.concurrency_id] if chosen is None or e not in chosen[0]]
        return chosen

    @contextmanager
    def listening(self, session: str) -> Iterator[None]:
        """While a session listens for its answers."""
        self._listening[session] += 1
        try:
            yield
        finally:
            self._listening[session] -= 1
            if not self._listening[session]:
                del self._listening[session]

    def remember(self, session: str, address: str) -> None:
        """Begin a session, and note its address; of an address with too many sessions the oldest one's state goes."""
        holder, own = self.blocks.state_holder, self._sessions[address]
        with holder.lock:
            if session not in holder.session_data:
                holder.session_data[session] = Session(self.blocks)
        own[session] = None
        own.move_to_end(session)
        while len(own) > limits.SESSIONS_ADDRESS:
            oldest, _ = own.popitem(last=False)
            with holder.lock:
                holder.session_data.pop(oldest, None)
                holder.time_last_used.pop(oldest, None)
        while len(self._sessions) > limits.SESSIONS:
            del self._sessions[next(iter(self._sessions))]

    def forget(self, session: str) -> None:
        """Let a session go that nothing more is asked in."""
        holder = self.blocks.state_holder
        self._drop(session)
        for own in self._sessions.values():
            own.pop(session, None)
        with holder.lock:
            holder.session_data.pop(session, None)
            holder.time_last_used.pop(session, None)

    def _lanes(self) -> list[Any]:
        return list(self.queue.event_queue_per_concurrency_id.values())

    async def _sweep(self) -> None:
        while self._asked:
            await asyncio.sleep(limits.LISTEN_SECONDS / 5)
            late = time.monotonic() - limits.LISTEN_SECONDS
            waiting = [event for lane in self._lanes() for event in lane.queue]
            for session in {e.session_hash for e in waiting if e.enqueue_time < late} - self._listening.keys():
                await self.queue.clean_events(session_hash=session)
            for session in list(self._asked):
                if self._silent(session):  # asked here: it may have asked again while others were cleaned up
                    await self.queue.clean_events(session_hash=session)
                if self._silent(session):
                    self._drop(session)

    def _silent(self, session: str) -> bool:
        """Whether a session does not listen, and has not asked for longer than answers are kept."""
        late = time.monotonic() - limits.ANSWER_SECONDS
        return session not in self._listening and self._asked.get(session, late) <= late

    def _drop(self, session: str) -> None:
        """Forget the messages of a session."""
        self._asked.pop(session, None)
        self.queue.pending_messages_per_session.pop(session, None)
        self.queue.pending_event_ids_session.pop(session, None)


def in_turns(events: list[Any], listening: Any, running: Iterable[Any] = ()) -> list[Any]:
    """Events so that sessions take turns within an address, and addresses among each other.

    Args:
        events: Those that wait, in the order in which they came.
        listening: Sessions that listen; events of the others come last.
        running: Events that are computed now: each was a turn of its session and address.
    """
    of_session = Counter(event.session_hash for event in running)
    turns = []
    for event in events:
        turns.append((event.session_hash not in listening, of_session[event.session_hash]))
        of_session[event.session_hash] += 1
    order = sorted(range(len(events)), key=lambda i: turns[i])
    of_address = Counter(address_of(event.request.scope) for event in running)
    place = {}
    for i in order:
        address = address_of(events[i].request.scope)
        place[i] = (turns[i][0], of_address[address])
        of_address[address] += 1
    return [events[i] for i in sorted(order, key=lambda i: place[i])]


def address_of(scope: Any) -> str:
    """The address that a request came from; a request without one shares the empty address.

    Of IPv6 its network of 64 bits, which is what one visitor is given: there are as many addresses in it as they like.
    """
    client = scope.get("client")
    name = str(client[0]) if client else ""
    if ":" not in name:
        return name
    try:
        address = ipaddress.IPv6Address(name.split("%")[0])
    except ValueError:
        return name
    return str(address.ipv4_mapped or ipaddress.IPv6Address(int(address) >> 64 << 64))
