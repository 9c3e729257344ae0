"""Coroutines in a thread of their own: a browser test may have left an event loop in this one."""

import asyncio
from concurrent.futures import ThreadPoolExecutor


def run(coroutine):
    """The coroutine's result."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
