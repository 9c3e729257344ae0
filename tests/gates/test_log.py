"""Statistics of gates that are written down during a training loop."""

import copy
import csv
import io
import math

import pytest
import torch
from torch import nn

import attnviz
from attnviz import UserError, log_gates
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.log import COLUMNS, STATISTICS
from tests.gates import models_of_passes as nets
from tests.gates.models_of_passes import named

X = torch.randn(4, 3, 9, 9, generator=torch.Generator().manual_seed(0))


class Board:
    """What of TensorBoard's writer is used."""

    def __init__(self):
        self.seen = []

    def add_scalar(self, tag, scalar_value, global_step=None, walltime=None, new_style=False):
        self.seen.append((tag, scalar_value, global_step))


def train(model, steps, seen=None):
    """A loop as people write it, with validation between the steps; ``seen`` gets the state before every step."""
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for step in range(steps):
        if seen is not None:
            seen.append(copy.deepcopy(model.state_dict()))
        model.train()
        optimizer.zero_grad()
        model(X).square().mean().backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            model(-X)
        torch.save({"model": model.state_dict(), "step": step}, io.BytesIO())


@pytest.mark.parametrize("attention", nets.ATTENTION, ids=lambda a: a.__name__)
def test_rows_say_what_the_gates_were_at_their_steps(attention):
    model, seen, board = named(nets.Net, attention), [], Board()
    untouched = copy.deepcopy(model)
    with log_gates(model, X, every=3, writer=board) as log:
        train(model, 8, seen)
    assert log.step == 8 and [row["step"] for row in log.rows] == [0, 3, 6]
    assert not any(m._forward_hooks or "forward" in m.__dict__ for m in model.modules())
    other = named(nets.Net, attention)
    (site,) = find_gates(other, X)
    for row in log.rows:
        other.load_state_dict(seen[row["step"]])
        with torch.no_grad(), capture(other.train(), [site]) as tape:
            other(X)
        weights = tape[site.name].values.double()
        expected = (weights.mean(), weights.std(correction=0), weights.min(), weights.max())
        assert (row["gate"], row["kind"]) == (site.name, site.kind)
        for name, number in zip(STATISTICS, expected, strict=False):
            assert math.isclose(row[name], number, rel_tol=1e-4, abs_tol=1e-6), name
        assert math.isclose(row["closed"], (weights < 0.01).double().mean(), abs_tol=1e-6)
        assert math.isclose(row["open"], (weights > 0.99).double().mean(), abs_tol=1e-6)
    assert board.seen == [
        (f"gates/{row['gate']}/{name}", row[name], row["step"]) for row in log.rows for name in STATISTICS
    ]
    train(untouched, 8)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), untouched.parameters(), strict=True))


def test_a_table_in_a_file(tmp_path):
    model = named(nets.Net)
    with log_gates(model, X, every=1) as log:
        train(model, 3)
    log.save(tmp_path / "gates.csv")
    with (tmp_path / "gates.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [tuple(row) for row in rows] == [COLUMNS] * 3 and [row["step"] for row in rows] == ["0", "1", "2"]
    assert [float(row["mean"]) for row in rows] == [row["mean"] for row in log.rows]


def test_a_gate_that_a_pass_leaves_out_and_a_pass_that_fails():
    model = named(nets.Skipped)
    with log_gates(model, X, every=1) as log:
        train(model, 1)
        model.drop = True
        train(model, 1)
        model.drop = False
        with pytest.raises(RuntimeError):
            model.train()(X[:, :2])
        train(model, 1)
    assert [math.isnan(row["mean"]) for row in log.rows] == [False, True, False]
    assert [row["step"] for row in log.rows] == [0, 1, 2]


def test_a_compiled_model_is_logged():
    torch._dynamo.reset()
    model = torch.compile(named(nets.Net), backend="eager")
    with log_gates(model, X, every=2) as log:
        train(model, 4)
    assert [row["step"] for row in log.rows] == [0, 2]


def test_what_cannot_be_logged_is_refused():
    model = named(nets.Net)
    for every in (0, -1, 1.5, True, "often"):
        with pytest.raises(UserError, match="every is a whole number"), log_gates(model, X, every=every):
            pass
    with pytest.raises(UserError, match="a writer has a method add_scalar"), log_gates(model, X, writer=object()):
        pass
    with pytest.raises(UserError, match="no attention gates"), log_gates(nn.Conv2d(3, 3, 1), X):
        pass
    for run in (lambda: None, lambda: model.eval()(X), lambda: model.train().forward(X)):
        with pytest.raises(UserError, match="no pass of this Net in train mode"), log_gates(model, X):
            run()
    with log_gates(model, X) as log:
        train(model, 2)
        with pytest.raises(UserError, match="cannot be copied or saved"):
            copy.deepcopy(model)
    assert len(log.rows) == 1 and attnviz.log_gates is log_gates
    with pytest.raises(ZeroDivisionError), log_gates(model, X):
        1 / 0  # noqa: B018
    assert not any(m._forward_hooks or "forward" in m.__dict__ for m in model.modules())
