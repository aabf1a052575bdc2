"""What can be wrong with a file."""

from kasparro.errors import ExitCode, Skippable


class FileRefused(Skippable):
    """The file can't be read or understood; the other files go on."""

    exit_code = ExitCode.INPUT
