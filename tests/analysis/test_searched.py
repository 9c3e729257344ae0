"""What is searched of a network is searched once, and forgotten with it."""

import gc
import weakref

import attnviz
from attnviz.analysis import searched
from attnviz.analysis.analyser import Analyser
from tests.own_models import own_net


def own():
    return attnviz.wrap(own_net(), size=32, mean=0.5, std=0.5)


def test_gates_are_searched_once_a_network(monkeypatch):
    network, searches = own(), []
    find = searched.find_gates
    monkeypatch.setattr(searched, "find_gates", lambda which: searches.append(which) or find(which))
    first = Analyser(network).sites
    assert Analyser(network).sites is first and len(first) == 2 and searches == [network]
    assert Analyser(own()).sites == first and len(searches) == 2


def test_a_network_whose_blocks_cannot_be_read_is_analysed_all_the_same(monkeypatch, caplog, photograph):
    def fails(*_):
        raise RuntimeError("no pass can be watched")

    monkeypatch.setattr(searched, "outline", fails)
    network = own()
    analysis = attnviz.analyse(network, photograph)
    assert analysis.outline == () and len(analysis.gates) == 2
    assert attnviz.analyse(network, photograph).outline == ()
    assert caplog.text.count("the blocks of OwnNet cannot be read") == 1


def test_nothing_keeps_a_network_alive():
    network = own()
    assert Analyser(network).outline
    gone = weakref.ref(network)
    del network
    gc.collect()
    assert gone() is None
