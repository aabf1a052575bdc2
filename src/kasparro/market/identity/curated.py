"""Known pairs: the project's own file. What a user knows beside it, verdicts say."""

from importlib import resources

from kasparro.errors import ExitCode, Fatal
from kasparro.market.identity.link import Pair

_COLUMNS = ("coinpaprika_id", "coingecko_id", "note")


class BadPairs(Fatal):
    """A file of pairs can't be read."""

    exit_code = ExitCode.INPUT


def parse_pairs(text: str) -> list[Pair]:
    """The pairs in `text`: a line each, its columns CoinPaprika's id, CoinGecko's id and a note, parted by tabs.

    A line with the columns' names, empty lines and those that begin with `#` are passed over. Raises BadPairs with
    the line's number.
    """
    pairs: list[Pair] = []
    seen: dict[tuple[str, str], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [cell.strip() for cell in line.split("\t")]
        if not line.strip() or line.startswith("#") or tuple(cells) == _COLUMNS[: len(cells)]:
            continue
        if len(cells) not in (2, 3) or not all(cells[:2]):
            raise BadPairs(
                f"line {number} is not a pair: {line[:80]!r}", remedy="Write two ids and a note, parted by tabs"
            )
        pair = Pair(("coinpaprika", cells[0]), ("coingecko", cells[1]), cells[2] if len(cells) == 3 else "")
        for key in (pair.one, pair.other):
            if key in seen:
                raise BadPairs(
                    f"line {number} names {key[0]} {key[1]} again, after line {seen[key]}",
                    remedy="A listing belongs to one asset: leave one of the lines out",
                )
            seen[key] = number
        pairs.append(pair)
    return pairs


def known_pairs() -> list[Pair]:
    """The pairs of the project's own file."""
    return parse_pairs(resources.files(__package__).joinpath("curated.tsv").read_text(encoding="utf-8"))
