import platform
import subprocess
import sys
import threading

import pytest
import torch

from attnviz.models.machine import keep_memory, on_threads

PROBE = """
import sys
from attnviz.models.machine import keep_memory

def held():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) / 1024

kept = sys.argv[1] == "keep" and keep_memory(*map(int, sys.argv[2:]))
before = held()
blocks = [bytearray(8 << 20) for _ in range(8)]
full = held()
del blocks
print(kept, full - before, held() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives memory back at once")
@pytest.mark.parametrize(
    "how, least, most",
    [(["keep"], 60, 70), (["keep", 2**28], 60, 70), (["keep", 2**24], 0, 30), (["leave"], 0, 10)],
)
def test_freed_memory_stays_with_the_process(how, least, most):
    command = [sys.executable, "-c", PROBE, *map(str, how)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    kept, full, left = done.stdout.split()
    assert kept == str(how[0] == "keep") and float(full) > 60
    assert least <= float(left) <= most


def test_elsewhere_nothing_happens(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_memory()


def test_threads_are_those_of_one_thread_and_come_back():
    before, seen = torch.get_num_threads(), []
    with pytest.raises(ZeroDivisionError), on_threads(before + 1):
        other = threading.Thread(target=lambda: seen.append(_counted(3)))
        other.start()
        other.join()
        assert torch.get_num_threads() == before + 1
        1 / 0  # noqa: B018
    assert torch.get_num_threads() == before and seen == [3]


def _counted(count: int) -> int:
    with on_threads(count):
        return torch.get_num_threads()
