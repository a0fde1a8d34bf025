"""The emulator reads the options that `up` gives it."""

from dataclasses import replace
from pathlib import Path

import pytest

from workflows.local.ministack.options import EmulatorOptions

OPTIONS = EmulatorOptions(
    socket=7,
    scratch=Path("/with a blank/scratch"),
    kept=Path("/kept"),
    logs=Path("/logs"),
    jobs=Path("/jobs"),
    python="/usr/bin/python3",
)


@pytest.mark.parametrize("as_aws", [False, True])
def test_options_are_read_as_they_were_given(as_aws: bool) -> None:
    given = replace(OPTIONS, as_aws=as_aws)

    assert EmulatorOptions.parse(given.to_arguments()) == given


@pytest.mark.parametrize("missing", ["--socket", "--scratch", "--kept", "--logs", "--jobs", "--python"])
def test_every_option_is_required(missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = OPTIONS.to_arguments()
    place = arguments.index(missing)

    with pytest.raises(SystemExit):
        EmulatorOptions.parse(arguments[:place] + arguments[place + 2 :])
    assert missing in capsys.readouterr().err
