"""Turns: addresses among each other, sessions within an address, those who do not listen last."""

from types import SimpleNamespace

import pytest

from attnviz.ui.server import limits
from attnviz.ui.server.shares import Shares, address_of, in_turns


def event(name):
    """An event named ``address session number``, each one letter."""
    request = SimpleNamespace(scope={"client": (name[0], 1)})
    return SimpleNamespace(name=name, session_hash=name[:2], request=request)


def order(names, silent=(), running=""):
    events = [event(name) for name in names.split()]
    listening = {one.session_hash for one in events} - set(silent)
    return " ".join(one.name for one in in_turns(events, listening, [event(name) for name in running.split()]))


@pytest.mark.parametrize(
    ("came", "goes"),
    [
        ("", ""),
        ("Aa1 Ab1 Ac1", "Aa1 Ab1 Ac1"),
        ("Aa1 Aa2 Aa3 Ab1", "Aa1 Ab1 Aa2 Aa3"),
        ("Aa1 Aa2 Aa3 Bb1", "Aa1 Bb1 Aa2 Aa3"),
        ("Aa1 Ab1 Ac1 Ad1 Bb1 Bb2", "Aa1 Bb1 Ab1 Bb2 Ac1 Ad1"),
        ("Aa1 Aa2 Ab1 Ab2 Bc1", "Aa1 Bc1 Ab1 Aa2 Ab2"),
    ],
)
def test_turns(came, goes):
    assert order(came) == goes


def test_a_late_comer_of_another_address_is_second_however_many_wait():
    crowd = " ".join(f"A{chr(97 + i)}1" for i in range(26))
    assert order(f"{crowd} Zz1").split().index("Zz1") == 1


def test_what_is_computed_now_was_a_turn():
    crowd = " ".join(f"A{chr(97 + i)}1" for i in range(26))
    assert order(f"{crowd} Zz1", running="Aa0").split()[0] == "Zz1"
    assert order("Aa1 Ab1", running="Aa0") == "Ab1 Aa1"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("no:address", "no:other", False),
    ],
)
def test_a_network_of_one_visitor_is_one_address(one, other, same):
    assert (address_of({"client": (one, 1)}) == address_of({"client": (other, 2)})) is same


def test_those_who_do_not_listen_come_last():
    assert order("Aa1 Ab1 Bc1", silent={"Aa", "Ab"}) == "Bc1 Aa1 Ab1"


def test_an_address_with_too_many_sessions_loses_its_own_oldest_and_nobody_elses(monkeypatch):
    gr = pytest.importorskip("gradio")
    monkeypatch.setattr(limits, "SESSIONS_ADDRESS", 3)
    with gr.Blocks() as blocks:
        gr.State(1)
    from gradio.routes import App

    App.create_app(blocks)
    shares = Shares(blocks)
    holder = blocks.state_holder
    for session, address in [("mine", "B"), *((f"s{i}", "A") for i in range(6)), ("mine", "B")]:
        shares.remember(session, address)
    assert set(holder.session_data) == {"mine", "s3", "s4", "s5"}


def test_a_request_without_an_address_shares_the_empty_one():
    assert address_of({"client": None}) == address_of({}) == ""


def test_of_one_session_one_event_at_a_time_is_computed_and_nobody_waits_for_that():
    gradio = pytest.importorskip("gradio")
    from gradio.queueing import EventQueue

    blocks = gradio.Blocks()
    queue, lanes = blocks._queue, (EventQueue("cnn", 2), EventQueue("api", 1))
    queue.event_queue_per_concurrency_id = {lane.concurrency_id: lane for lane in lanes}
    queue.active_jobs = [None] * 4
    Shares(blocks)
    for lane, names in zip(lanes, ("Aa1 Aa2 Bb1 Bb2", "Aa3"), strict=True):
        for one in map(event, names.split()):
            one.fn, one.concurrency_id = SimpleNamespace(batch=False), lane.concurrency_id
            lane.queue.append(one)
    started = []

    def start():
        """As gradio's loop does with what it is given."""
        while chosen := queue.get_events():
            queue.active_jobs[queue.active_jobs.index(None)] = chosen[0]
            queue.event_queue_per_concurrency_id[chosen[2]].current_concurrency += 1
            started.append(chosen[0][0].name)

    def finish(name):
        job = next(i for i, job in enumerate(queue.active_jobs) if job and job[0].name == name)
        lane = queue.active_jobs[job][0].concurrency_id
        queue.active_jobs[job] = None
        queue.event_queue_per_concurrency_id[lane].current_concurrency -= 1
        start()

    start()
    assert sorted(started) == ["Aa1", "Aa3", "Bb1"], "another lane of the same session goes on"
    assert [one.name for one in lanes[0].queue] == ["Aa2", "Bb2"]
    finish("Bb1")
    assert started[3:] == ["Bb2"], "who came later is not held up by a session that is at work"
    finish("Aa1")
    assert started[4:] == ["Aa2"] and not len(queue)
