"""Id, symbol and name of each row, from the cells that hold or hide them."""

from collections.abc import Sequence

from kasparro.market.quote import MAX_TEXT, unfit_text
from kasparro.market.rejection import Reason
from kasparro.sources.csv import coins
from kasparro.sources.csv.reading import Reading

Columns = Sequence[Sequence[str]]
Problems = dict[int, tuple[Reason, str]]
"""Row -> why it's rejected; the first reason stays."""

Parts = dict[str, list[str]]


def coin_cells(columns: Columns, reading: Reading, count: int, problems: Problems) -> tuple[list[str], ...]:
    """Ids, symbols and names of `count` rows; rows without a fit one become `problems`."""
    if reading.coin is not None:
        coin = reading.coin
        return [coin.id] * count, [coin.symbol or coin.id] * count, [coin.name or coin.id] * count
    parts: Parts = {
        field: [cell.strip() for cell in columns[reading.columns[field]]]
        for field in ("id", "symbol", "name")
        if field in reading.columns
    }
    if reading.glued == "parentheses":
        _part_parentheses(parts)
    elif reading.glued == "ranked":
        _part_ranked(parts, columns, reading, problems)
    if reading.pairs:
        _part_pairs(parts, problems, any_quote=reading.pairs == "any")
    ids, symbols, names = _filled(parts, reading.identity, count)
    _refuse_unfit(ids, symbols, names, problems)
    return ids, symbols, names


def refuse_currency(columns: Columns, reading: Reading, problems: Problems) -> None:
    """Make a problem of each row whose quote column names another currency than the dollar."""
    at = reading.columns.get("quote")
    if at is None:
        return
    for row, cell in enumerate(columns[at]):
        currency = cell.strip().upper()
        if currency and currency not in coins.DOLLARS:
            problems.setdefault(row, (Reason.BAD_TEXT, f"priced in {currency[:20]}, not in US dollars"))


def _part_parentheses(parts: Parts) -> None:
    """`Bitcoin (BTC)`; a name without parentheses is a name alone."""
    parted = [coins.in_parentheses(cell) or (cell, cell) for cell in parts["name"]]
    parts["name"] = [name for name, _ in parted]
    parts["symbol"] = [symbol for _, symbol in parted]


def _part_ranked(parts: Parts, columns: Columns, reading: Reading, problems: Problems) -> None:
    """`Bitcoin1BTC`, with the symbol repeated as the unit of a known supply or volume (`19362043 BTC`)."""
    supplies, volumes = (columns[reading.columns[field]] for field in ("circulating_supply", "unit"))
    units = [_unit(supply) or _unit(volume) for supply, volume in zip(supplies, volumes, strict=True)]
    symbols = []
    for row, cell in enumerate(parts["name"]):
        found = coins.ranked(cell, units[row])
        if found is None:
            problems.setdefault(row, (Reason.BAD_TEXT, f"{cell[:40]!r} isn't name, rank and symbol"))
        name, symbol = found or (cell, cell)
        parts["name"][row] = name
        symbols.append(symbol)
    parts["symbol"] = symbols


def _unit(cell: str) -> str:
    return cell.strip().partition(" ")[2]


def _part_pairs(parts: Parts, problems: Problems, *, any_quote: bool) -> None:
    """`BTCUSDT` is a quote of BTC; a pair in another currency than the dollar is no price in dollars."""
    pairs = {cell: coins.split_pair(cell) for cell in set(parts["symbol"])}
    for row, cell in enumerate(parts["symbol"]):
        pair = pairs[cell]
        if pair is None:
            continue
        base, quote = pair
        parts["symbol"][row] = coins.alias(base)
        if quote not in coins.DOLLARS and not any_quote:
            problems.setdefault(row, (Reason.BAD_TEXT, f"{cell[:40]} is priced in {quote}, not in US dollars"))


def _filled(parts: Parts, identity: Sequence[str], count: int) -> tuple[list[str], list[str], list[str]]:
    """Ids by `identity`; symbols and names that a file doesn't have fall back to each other and to the id."""
    none = [""] * count
    symbols, names = parts.get("symbol", none), parts.get("name", none)
    if tuple(identity) == ("name", "symbol"):
        ids = [f"{n} ({s})" if n and s else n or s for n, s in zip(names, symbols, strict=True)]
    else:
        ids = parts[identity[0]]
    if "" in symbols:
        symbols = [s or i or n for s, i, n in zip(symbols, ids, names, strict=True)]
    if "" in names:
        names = [n or s for n, s in zip(names, symbols, strict=True)]
    return ids, symbols, names


def _refuse_unfit(ids: list[str], symbols: list[str], names: list[str], problems: Problems) -> None:
    for word, texts in (("id", ids), ("symbol", symbols), ("name", names)):
        if _all_fit(texts):
            continue
        unfit = {text: why for text in set(texts) if (why := unfit_text(text))}
        for row, text in enumerate(texts):
            if text in unfit:
                reason = Reason.BAD_TEXT if text else Reason.MISSING_FIELD
                problems.setdefault(row, (reason, f"the coin's {word} is {unfit[text]}"))


def _all_fit(texts: list[str]) -> bool:
    """Whether a whole column is fit by `unfit_text`: the usual case, told without a call per row."""
    if not all(texts) or max(map(len, texts), default=0) > MAX_TEXT:
        return False
    together = "".join(texts)
    return together.isascii() and "\0" not in together
