"""What an audit refuses, in a sentence each; nothing that was there is lost."""

import pytest
import torch
from PIL import Image
from torch import nn

from attnviz.audit.photographs import in_folder, match_classes
from attnviz.audit.run import audit
from attnviz.audit.settings import Settings
from attnviz.core.errors import UserError
from attnviz.render.audit.charts import through_depth
from attnviz.render.audit.comparison import comparison_html
from attnviz.render.audit.networks import donors
from attnviz.render.audit.report import report_html
from tests.audit.conftest import LABELS, Gated, follows, photographs, prepared

QUICK = Settings(tests=10, quick=True, workers=0)


def save(folder, count, start=0):
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(photographs(count)[0], start):
        Image.fromarray(picture).save(folder / f"{number}.png")


def no_pictures(root):
    (root / "red").mkdir()
    (root / "blue").mkdir()


def two_pictures(root):
    save(root, 2)


def loose_beside_folders(root):
    save(root, 12)
    save(root / "red", 2)


def one_broken(root):
    save(root, 14)
    (root / "broken.png").write_bytes(b"\x89PNG nothing")


def all_broken(root):
    for i in range(12):
        (root / f"{i}.png").write_bytes(b"no")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (no_pictures, "holds no images"),
        (two_pictures, "holds 2 photographs .* at least 10"),
        (loose_beside_folders, "1 folders and 12 loose photographs"),
        (one_broken, r"1 of 15 photographs cannot be read: broken.png: .*--skip-unreadable"),
        (all_broken, "12 of 12 photographs cannot be read: .*and 2 more"),
    ],
)
def test_folders(follower, tmp_path, make, says):
    make(tmp_path)
    with pytest.raises(UserError, match=says):
        audit(follower, tmp_path, settings=QUICK)


def test_unreadable_files_are_left_out_when_asked(follower, tmp_path):
    (tmp_path / "data").mkdir()
    one_broken(tmp_path / "data")
    out = tmp_path / "out"
    with pytest.raises(UserError, match="cannot be read"):
        audit(follower, tmp_path / "data", out=out, settings=QUICK)
    skip = Settings(tests=10, quick=True, workers=0, skip_unreadable=True)
    data = audit(follower, tmp_path / "data", out=out, settings=skip, resume=True).summary["data"]
    assert (data["photographs"], data["listed"], data["unreadable"][0][0]) == (14, 15, "broken.png")


@pytest.mark.parametrize("folders", [["red"], ["red", "purple"], []])
def test_tests_of_classes_are_left_out_and_said(follower, tmp_path, folders):
    for name in folders or [""]:
        save(tmp_path / name, 12)
    report = audit(follower, tmp_path, settings=QUICK).summary
    assert not report["data"]["labelled"] and "top1" not in report["network"]
    assert set(report["together"]) == {"own", "mean", "other", "neutral"}
    assert "classes; tests" in report["left_out"][0][0] or "tests that need classes" in report["left_out"][0][0]
    for language, right, wrong in (
        ("en", "answers that stay the same", ("true logit", "of accuracy")),
        ("zh", "保持不变的回答", ("真类", "准确率")),
    ):
        compared = {"data": report["data"], "replacements": ["mean"], "rows": {}}
        for page in (report_html(report, {}, language), comparison_html(compared, language)):
            assert right in page and not any(text in page for text in wrong)
    assert axis_of(donors([report])) == "change of answers that stay the same, points, all gates replaced"
    alone = {**report, "gates": [{**gate, "alone": report["together"]} for gate in report["gates"]]}
    assert axis_of(through_depth(alone)) == "change of answers that stay the same, points"
    labelled = {**alone, "data": {**report["data"], "labelled": True}}
    assert axis_of(through_depth(labelled)) == "change of accuracy, points"
    assert axis_of(donors([report, labelled])) == "change, points"


def axis_of(figure):
    """What stands at the figure's horizontal axis."""
    return figure.axes[0].get_xlabel()


def test_classes_are_matched_by_name():
    labels = ("tench, Tinca tinca", "English springer, English springer spaniel", "crane", "crane, machine")
    assert match_classes(["n01440764", "english_springer"], labels)[0] == [0, 1]
    assert match_classes(["crane", "tench"], labels)[1] == (
        "the network has no class crane; tests that need classes are left out"
    )  # two classes have that name
    assert match_classes(["tench", "n01440764"], labels)[1].startswith("two folders are one class")


@pytest.mark.parametrize(
    ("images", "labels", "says"),
    [
        ("pictures", [0] * 11, "class of each of 12 photographs, got 11"),
        ("pictures", [7] * 12, r"labels must be in 0\.\.2"),
        ("pictures", [None] * 12, "labels must be names"),
        ([object()] * 12, None, "a photograph is a path"),
        (["a.png"] * 12, None, "twice"),
    ],
)
def test_photographs_from_python(follower, images, labels, says):
    pictures = photographs(12)[0] if images == "pictures" else images
    with pytest.raises(UserError, match=says):
        audit(follower, pictures, labels, settings=QUICK)


def test_a_network_without_gates():
    plain = nn.Sequential(nn.Flatten(), nn.Linear(3 * 12 * 12, 3))
    with pytest.raises(UserError, match="has no attention gates"):
        audit(prepared(plain), photographs(12)[0], settings=QUICK)


def test_a_gate_whose_shape_changes_with_the_photograph():
    class Cropping(Gated):
        def forward(self, x):
            side = 6 if x.mean() > 1e3 or x.shape[0] == 1 else 12
            mask = torch.sigmoid(x[:, :, :side, :side].mean(1, keepdim=True))
            return super().forward(x) + (x[:, :, :side, :side] * mask).mean((2, 3))

    with pytest.raises(UserError, match="shape"):
        audit(prepared(Cropping(follows, 0.1)), photographs(12)[0], settings=QUICK)


def test_an_output_folder_that_holds_something_else(follower, tmp_path):
    pictures = photographs(12)[0]
    (tmp_path / "summary.json").write_text("mine")
    with pytest.raises(UserError, match="holds another audit"):
        audit(follower, pictures, out=tmp_path, settings=QUICK)
    with pytest.raises(UserError, match="no interrupted audit"):
        audit(follower, pictures, out=tmp_path, settings=QUICK, resume=True)
    assert (tmp_path / "summary.json").read_text() == "mine"
    audit(follower, pictures, out=tmp_path, settings=QUICK, force=True)
    with pytest.raises(UserError, match="is a file"):
        audit(follower, pictures, out=tmp_path / "work" / "plan.json", settings=QUICK)


@pytest.mark.parametrize("choice", [{"tests": -1}, {"workers": 1.5}, {"batch": 0}, {"tests": True}])
def test_settings(choice):
    with pytest.raises(UserError, match="must be a whole number"):
        Settings(**choice)


def test_a_disk_that_fills_loses_nothing(monkeypatch, follower, tmp_path):
    import attnviz.audit.store as store

    pictures, out, keep = photographs(12)[0], tmp_path / "out", store.write_atomically

    def full(path, data):
        if path.name.startswith("trial"):
            raise OSError(28, "No space left on device", str(path))
        keep(path, data)

    monkeypatch.setattr(store, "write_atomically", full)
    with pytest.raises(OSError, match="No space left"):
        audit(follower, pictures, out=out, settings=QUICK)
    monkeypatch.setattr(store, "write_atomically", keep)
    assert audit(follower, pictures, out=out, settings=QUICK, resume=True).summary["together"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("boxes.json", "{}", "cannot be read as boxes"),
        ("boxes.csv", "path,left\na,1", "cannot be read as boxes"),
        ("boxes.csv", "path,left,top,right,bottom\nother.png,1,1,2,2\n", "no object for any of the 12"),
        ("boxes.txt", "", "COCO .json, a .csv"),
    ],
)
def test_boxes(follower, tmp_path, name, content, says):
    (tmp_path / name).write_text(content)
    settings = Settings(tests=10, quick=True, workers=0, boxes=tmp_path / name)
    with pytest.raises(UserError, match=says):
        audit(follower, photographs(12)[0], settings=settings)


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(UserError, match="must be a folder"):
        in_folder(tmp_path / "nowhere", LABELS)
