"""Dropout that leaves its input alone is seen by the search of its own thread, and torch is put back."""

import threading

import pytest
import torch
import torch.nn.functional as F

from attnviz.gates.dropout import HOLDERS, NAMES, seeing_dropout

DROPOUTS = (F.dropout, F.dropout1d, F.alpha_dropout, F.feature_alpha_dropout, lambda *args: torch.dropout(*args))


def held():
    return [vars(holder).get(name) for holder in HOLDERS for name in NAMES]


class Thread(threading.Thread):
    """Opens the context, applies dropout, and closes it, each when it is told to."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen, self.steps, self.failed = [], threading.Semaphore(0), None
        self.done = threading.Semaphore(0)
        self.x = torch.rand(2, 3, 4)
        self.start()

    def run(self):
        try:
            self.steps.acquire()
            with seeing_dropout(self.seen.append):
                self.done.release()
                self.steps.acquire()
                for dropout in DROPOUTS:
                    dropout(self.x, 0.5, False)
                self.done.release()
                self.steps.acquire()
        except BaseException as error:
            self.failed = error
        self.done.release()

    def step(self):
        self.steps.release()
        assert self.done.acquire(timeout=60)
        assert self.failed is None


ORDERS = ("aabbab", "ababab", "abbaab", "ababba", "aabbba", "abaabb", "bbaaba")
"""Each of two threads opens, applies and closes once."""


@pytest.mark.parametrize("order", ORDERS)
def test_two_threads_hear_of_their_own_dropout_in_any_order(order):
    before, threads = held(), {"a": Thread(), "b": Thread()}
    for name in order:
        threads[name].step()
    for thread in threads.values():
        assert len(thread.seen) == len(DROPOUTS) and all(tensor is thread.x for tensor in thread.seen)
    assert held() == before


def test_another_thread_is_not_heard():
    before, seen, x = held(), [], torch.rand(2, 3, 4)
    with seeing_dropout(seen.append):
        thread = threading.Thread(target=lambda: F.dropout(x, 0.5, False))
        thread.start()
        thread.join()
        assert not seen
        F.dropout(x, 0.5, True)
        assert not seen
        with seeing_dropout(lambda tensor: None):
            F.dropout(x, 0.5, False)
        assert not seen
        F.dropout(x, 0.5, False)
        assert len(seen) == 1
    assert held() == before
