import shutil
import threading
import time

import pytest

from attnviz.errors import UserError
from attnviz.ui.store import VARIABLE, Store, checkpoint_folder


def test_a_lease_gives_a_model_in_eval_mode_and_the_same_one_again(store):
    with store.lease("cbam") as first:
        assert not first.loaded.module.training
        assert first.sites
    with store.lease("cbam") as second:
        assert second is first


@pytest.mark.parametrize("name", ["", "nonsense", "../cbam", "/etc/passwd", None, 3, ["cbam"], "cbam.json"])
def test_only_ids_are_models(store, name):
    with pytest.raises(UserError, match="no model"), store.lease(name):
        pass
    with pytest.raises(UserError, match="no model"):
        store.card(name)
    assert store.loaded == ()


def test_two_threads_never_hold_one_model_together(store):
    inside, seen = 0, []
    guard = threading.Lock()

    def work():
        nonlocal inside
        with store.lease("cbam"):
            with guard:
                inside += 1
                seen.append(inside)
            time.sleep(0.01)
            with guard:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert seen == [1] * 6
    assert store.loaded == ("cbam",)


def test_different_models_are_held_at_the_same_time(store):
    with store.lease("cbam"), store.lease("se"):
        assert set(store.loaded) == {"cbam", "se"}


def test_the_model_unused_for_longest_is_dropped_but_never_one_in_use(checkpoints):
    store = Store(checkpoints, most=1)
    with store.lease("cbam"):
        with store.lease("se"):
            pass
        assert "cbam" in store.loaded
    with store.lease("none"):
        pass
    assert store.loaded == ("none",)


def test_an_error_inside_a_lease_frees_the_model(store):
    with pytest.raises(RuntimeError, match="inside"), store.lease("se"):
        raise RuntimeError("inside")
    with store.lease("se") as analyser:
        assert analyser.loaded.name == "se"


def test_a_damaged_checkpoint_is_an_error_each_time_and_keeps_no_slot(checkpoints, tmp_path):
    for suffix in ("json", "safetensors"):
        shutil.copy(checkpoints / f"se.{suffix}", tmp_path)
    (tmp_path / "se.safetensors").write_bytes(b"nothing")
    store = Store(tmp_path)
    for _ in range(2):
        with pytest.raises(UserError, match="damaged"), store.lease("se"):
            pass
    assert store.loaded == ()


def test_the_environment_names_another_folder(checkpoints, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(checkpoints))
    assert checkpoint_folder() == checkpoints
    assert set(Store().ids) == {"cbam", "se", "none"}


def test_a_store_keeps_at_least_one_model(checkpoints):
    with pytest.raises(UserError, match="at least 1"):
        Store(checkpoints, most=0)
