import shutil
import threading
import time
from dataclasses import replace

import pytest
import torch

from attnviz.core.errors import UserError
from attnviz.images.sample_table import SAMPLES
from attnviz.models.checkpoints import VARIABLE, checkpoint_folder, load
from attnviz.ui.networks.store import IMAGENET, PUBLISHED, Store
from tests.conftest import TINY


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


def test_the_best_cbam_stands_first_and_the_others_by_accuracy(checkpoints):
    store = Store(checkpoints)
    accuracy = {"se": 90.0, "cbam": 50.0}
    cards = {name: replace(store.card(name), metrics={"top1": accuracy.get(name, 20.0)}) for name in store.ids}
    store.card = cards.__getitem__
    assert store.ids[:2] == ("cbam", "se")


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


def test_what_a_model_wants_is_told_while_another_thread_holds_it(store):
    with store.lease("cbam") as analyser:
        told = []
        thread = threading.Thread(target=lambda: told.append(store.input("cbam")))
        thread.start()
        thread.join(10)
        assert told == [analyser.loaded.input]
    assert store.input("se") == store.card("se").spec.input and "se" in store.loaded
    with pytest.raises(UserError, match="no model"):
        store.input("../cbam")


def test_the_lanes_of_the_page_share_the_cores_and_long_work_has_them_all(store, monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.setattr("attnviz.ui.networks.model_cache.CORES", 7)
    page = Store(store.folder)
    for other, threads in ((page, 3), (page.apart(), 7)):
        with pytest.raises(ZeroDivisionError), other.lease("se"):
            assert torch.get_num_threads() == threads
            1 / 0  # noqa: B018
        assert torch.get_num_threads() == before


def test_different_models_are_held_at_the_same_time(store):
    with store.lease("cbam"), store.lease("se"):
        assert set(store.loaded) == {"cbam", "se"}


def test_what_is_leased_apart_keeps_nobody_waiting_and_live_networks_exist_once(checkpoints):
    live = load("cbam", folder=checkpoints)
    live = replace(live, name="mine", checkpoint=None)
    store = Store(checkpoints, live=[live])
    other = store.apart()
    assert other.choices == store.choices
    with other.lease("se") as long, store.lease("se") as short:
        assert long is not short and long.loaded.module is not short.loaded.module
    assert "se" in other.loaded and "se" in store.loaded
    with other.lease("mine") as one:
        pass
    with store.lease("mine") as again:
        assert one is again


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
    assert set(Store().ids) == set(TINY)


def test_a_store_keeps_at_least_one_model(checkpoints):
    with pytest.raises(UserError, match="at least 1"):
        Store(checkpoints, most=0)


def published_state(monkeypatch, name="torchvision:mobilenet_v3_large"):
    """Random weights under torchvision's names in place of a download; the calls are counted."""
    from torchvision.models import MobileNet_V3_Large_Weights, mobilenet_v3_large

    calls, state = [], mobilenet_v3_large().state_dict()

    def fetch(self, **options):
        calls.append(options)
        return state

    monkeypatch.setattr("attnviz.models.published._answers", lambda url: None)
    monkeypatch.setattr(MobileNet_V3_Large_Weights, "get_state_dict", fetch)
    return name, calls


def test_published_networks_are_choices_but_not_had_at_once(store):
    assert set(store.ids) == set(TINY)
    assert store.choices == (*store.ids, *PUBLISHED)
    assert all(store.title(name) for name in store.choices)
    for name in PUBLISHED:
        with pytest.raises(UserError, match="not used yet"):
            store.card(name)


def test_a_published_network_is_fetched_once_and_verified(store, monkeypatch):
    name, calls = published_state(monkeypatch)
    with store.lease(name) as analyser:
        assert [s.kind for s in analyser.sites] == ["channel"] * 8
        assert len(analyser.loaded.labels) == 1000
    with store.lease(name):
        pass
    assert len(calls) == 1 and calls[0]["check_hash"] and calls[0]["weights_only"]
    assert store.at_hand(name) and store.card(name).data == {"name": IMAGENET}


def test_a_network_that_cannot_be_fetched_is_an_error_each_time_and_keeps_no_slot(store, monkeypatch, tmp_path):
    def offline(url):
        raise OSError("Name or service not known")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("attnviz.models.published._answers", offline)
    for name in PUBLISHED:
        assert not store.at_hand(name)
        with pytest.raises(UserError, match="could not be fetched .*Name or service"), store.lease(name):
            pass
    assert store.loaded == ()


def test_weights_that_were_fetched_before_are_at_hand_offline(store, monkeypatch, tmp_path):
    """The file lies where torch keeps it, under torchvision's own name."""
    import torch
    from torchvision.models import EfficientNet_B0_Weights, efficientnet_b0

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    file = tmp_path / "hub" / "checkpoints" / EfficientNet_B0_Weights.DEFAULT.url.rpartition("/")[2]
    file.parent.mkdir(parents=True)
    torch.save(efficientnet_b0().state_dict(), file)
    assert store.at_hand("torchvision:efficientnet_b0") and not store.at_hand("torchvision:mobilenet_v3_large")
    with store.lease("torchvision:efficientnet_b0") as analyser:
        assert len(analyser.sites) == 16


def test_live_networks_come_first_and_are_put_back(checkpoints, photograph):
    from attnviz.core.input_spec import InputSpec
    from attnviz.models.wrap import wrap
    from tests.own_models import own_net

    model = own_net()
    live = wrap(model, transform=InputSpec((64, 64)), labels=list("abcdefg"), name="mine")
    store = Store(checkpoints, live=[live])
    assert store.ids[0] == "mine" and "cbam" in store.ids and store.at_hand("mine")
    assert store.card("mine").labels == tuple("abcdefg") and store.title("mine") == "mine"
    with store.lease("mine") as analyser:
        assert not model.training
        assert analyser.analyse(photograph).gate("look").mask.shape == (32, 32)
    assert model.training and model.stem.training
    assert Store(checkpoints, live=[live], alone=True).choices == ("mine",)
    with pytest.raises(UserError, match="no model 'cbam'"), Store(checkpoints, live=[live], alone=True).lease("cbam"):
        pass
    with pytest.raises(UserError, match="there is a model 'cbam' already"):
        Store(checkpoints, live=[wrap(model, transform=InputSpec((64, 64)), name="cbam")])


def test_the_app_opens_with_a_network_that_knows_the_opening_picture():
    store = Store()
    first, *others = store.ids
    assert SAMPLES[0].expected in store.card(first).labels
    more = [name for name in others if store.card(name).metrics["top1"] > store.card(first).metrics["top1"]]
    assert more and not any(SAMPLES[0].expected in store.card(name).labels for name in more)
