"""What holds for every command of the table."""

import pytest

from attnviz.cli.main import COMMANDS, main


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_says_what_it_does_and_what_it_takes(name, capsys):
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    text = capsys.readouterr().out
    assert caught.value.code == 0 and f"usage: attnviz {name}" in text and COMMANDS[name].help[0].islower()
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert name in capsys.readouterr().out


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_refuses_an_option_that_it_has_not(name, capsys):
    with pytest.raises(SystemExit) as caught:
        main([name, "--nonsense=1"])
    assert caught.value.code == 2 and "Traceback" not in capsys.readouterr().err
