from attnviz.ui.shared.memory import Memory


def test_memory_is_bounded_and_forgets_the_oldest():
    memory = Memory(2)
    assert [memory.of(n, lambda n=n: n * 10) for n in (1, 2, 1, 3)] == [10, 20, 10, 30]
    assert memory.get(2) is None and memory.get(1) == 10
