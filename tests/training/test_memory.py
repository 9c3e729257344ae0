import platform
import subprocess
import sys

import pytest

PROBE = """
import sys
from attnviz.training.memory import keep_memory

def held():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) / 1024

kept = sys.argv[1] == "keep" and keep_memory()
before = held()
block = bytearray(64 << 20)
full = held()
del block
print(kept, full - before, held() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives memory back at once")
@pytest.mark.parametrize("how", ["keep", "leave"])
def test_freed_memory_stays_with_the_process(how):
    done = subprocess.run([sys.executable, "-c", PROBE, how], capture_output=True, text=True, check=True)
    kept, full, left = done.stdout.split()
    assert kept == str(how == "keep") and float(full) > 60
    assert float(left) > 60 if how == "keep" else float(left) < 10


def test_elsewhere_nothing_happens(monkeypatch):
    from attnviz.training.memory import keep_memory

    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_memory()
