"""What holds for every command of the table."""

import pytest

from attnviz.cli.main import COMMANDS, command_of, main, summary


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_says_what_it_does_and_what_it_takes(name, capsys):
    assert main([name, "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"Usage: attnviz {name} [OPTIONS]" in text and summary(name) in text
    assert main(["--help"]) == 0
    assert f"  {name} " in capsys.readouterr().out


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_refuses_an_option_that_it_has_not(name, capsys):
    assert main([name, "--nonsense=1"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("attnviz: unknown option '--nonsense'") and error.endswith(f"(see attnviz {name} --help)\n")


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_option_is_explained(name):
    for param in command_of(name).params:
        assert param.help and param.help[-1] not in " ."
