import dataclasses

import numpy as np
import pytest

from attnviz.core.errors import UserError
from attnviz.models.checkpoints import FOLDER
from attnviz.models.gate_snapshots import SUFFIX, Snapshots, load_snapshots, read_snapshots, save_snapshots

RNG = np.random.default_rng(0)


def made(epochs=(0, 2, 5)):
    gates = {
        "a.channel": RNG.random((len(epochs), 2, 4, 1, 1), np.float32),
        "a.spatial": RNG.random((len(epochs), 2, 1, 3, 3), np.float32),
    }
    return Snapshots(epochs, ("church", "cat"), gates, {"a.channel": "channel", "a.spatial": "spatial"})


def test_what_is_written_is_read_again(tmp_path):
    snapshots = made()
    save_snapshots(tmp_path, "net", snapshots)
    again = read_snapshots(tmp_path / f"net{SUFFIX}")
    assert (again.epochs, again.probes, dict(again.kinds)) == (snapshots.epochs, snapshots.probes, snapshots.kinds)
    for name, values in snapshots.gates.items():
        np.testing.assert_allclose(again.gates[name], values, atol=3e-4)


def test_how_the_pictures_were_fitted_is_kept_and_old_files_were_cropped(tmp_path):
    save_snapshots(tmp_path, "net", dataclasses.replace(made(), fit="squash"))
    assert read_snapshots(tmp_path / f"net{SUFFIX}").fit == "squash"
    assert read_snapshots(FOLDER / f"cbam-30{SUFFIX}").fit == "crop"  # written before there was a choice
    with pytest.raises(UserError, match="unknown fit 'stretch'"):
        dataclasses.replace(made(), fit="stretch")


def test_epochs_are_added_and_cut_off():
    snapshots = made()
    more = snapshots.plus(7, {name: values[0] for name, values in snapshots.gates.items()})
    assert more.epochs == (0, 2, 5, 7)
    np.testing.assert_array_equal(more.gates["a.spatial"][3], snapshots.gates["a.spatial"][0])
    assert more.until(4).epochs == (0, 2)
    np.testing.assert_array_equal(more.until(4).gates["a.channel"], snapshots.gates["a.channel"][:2])
    with pytest.raises(UserError, match="fit together"):
        more.plus(7, {name: values[0] for name, values in snapshots.gates.items()})


def test_a_checkpoint_without_snapshots_has_none_and_damage_is_told(checkpoints, tmp_path):
    assert load_snapshots("cbam", checkpoints) is None
    with pytest.raises(UserError, match="cbam"):
        load_snapshots("../cbam", checkpoints)
    for content in (b"", b"nonsense" * 10, b"\x10" + bytes(40)):
        (tmp_path / "x.snapshots").write_bytes(content)
        with pytest.raises(UserError, match="cannot be read as snapshots"):
            read_snapshots(tmp_path / "x.snapshots")
