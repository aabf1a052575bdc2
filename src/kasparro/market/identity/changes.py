"""What changed between two coin lists of one source: renames, delistings, relistings, new ids."""

from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from kasparro.market.identity.chains import Address, address
from kasparro.market.identity.names import read_name, squeeze


class ChangeKind(StrEnum):
    """What happened to a listing. The codes are part of the ledger: add, never rename."""

    NEW = "new"
    RENAMED = "renamed"
    SYMBOL_CHANGED = "symbol_changed"
    DELISTED = "delisted"
    RELISTED = "relisted"
    MOVED = "moved"


class Listed(msgspec.Struct, frozen=True):
    """One entry of a coin list. A coin that a list no longer holds may be kept in it as inactive."""

    symbol: str
    name: str
    active: bool | None = None
    addresses: tuple[tuple[str, str], ...] = ()


class Change(msgspec.Struct, frozen=True):
    """One change of one listing.

    `before` and `after` are the names, the symbols, or for MOVED the ids. A move is `proven` by an address; else it
    rests on a symbol and name that no other coin of either list has, and is only a suggestion.
    """

    kind: ChangeKind
    coin_id: str
    before: str = ""
    after: str = ""
    proven: bool = False
    evidence: str = ""


def compare_lists(before: Mapping[str, Listed], after: Mapping[str, Listed]) -> list[Change]:
    """The changes from one list to the next, both by coin id; sorted by id."""
    changes: list[Change] = []
    gone, come = [], []
    for coin_id in sorted(before.keys() | after.keys()):
        old, new = before.get(coin_id), after.get(coin_id)
        if old is not None and new is not None:
            changes += _same_id(coin_id, old, new)
        if _listed(old) and not _listed(new):
            changes.append(Change(ChangeKind.DELISTED, coin_id))
            gone.append(coin_id)
        elif _listed(new) and not _listed(old):
            changes.append(Change(ChangeKind.NEW if old is None else ChangeKind.RELISTED, coin_id))
            if old is None:
                come.append(coin_id)
    changes += _moves({i: before[i] for i in gone}, {i: after[i] for i in come}, before, after)
    return sorted(changes, key=lambda c: (c.coin_id, c.kind))


def _listed(entry: Listed | None) -> bool:
    return entry is not None and entry.active is not False


def _same_id(coin_id: str, old: Listed, new: Listed) -> list[Change]:
    changes = []
    if old.name != new.name:
        changes.append(Change(ChangeKind.RENAMED, coin_id, old.name, new.name))
    if old.symbol.casefold() != new.symbol.casefold():
        changes.append(Change(ChangeKind.SYMBOL_CHANGED, coin_id, old.symbol, new.symbol))
    return changes


def _moves(
    gone: Mapping[str, Listed], come: Mapping[str, Listed], before: Mapping[str, Listed], after: Mapping[str, Listed]
) -> list[Change]:
    """Coins that vanished under one id and came under another: the same address, or else the same unique name."""
    moves: dict[str, Change] = {}
    arrived = _by_address(come)
    for key, old_ids in _by_address(gone).items():
        new_ids = arrived.get(key, []) if len(old_ids) == 1 else []
        if len(new_ids) == 1:
            moves[old_ids[0]] = Change(ChangeKind.MOVED, old_ids[0], old_ids[0], new_ids[0], True, str(key))
    taken = {move.after for move in moves.values()}
    named_before, named_after = _by_name(before), _by_name(after)
    for (symbol, name), new_ids in _by_name(come).items():
        old_ids = [i for i in named_before.get((symbol, name), []) if i in gone]
        unique = len(named_before.get((symbol, name), [])) == len(named_after[symbol, name]) == 1
        if unique and len(old_ids) == 1 and old_ids[0] not in moves and new_ids[0] not in taken:
            old, new = old_ids[0], new_ids[0]
            if not _contradict(before[old], after[new]):
                label = f"{after[new].symbol.upper()} {after[new].name}"
                moves[old] = Change(ChangeKind.MOVED, old, old, new, False, label)
    return list(moves.values())


def _by_address(entries: Mapping[str, Listed]) -> dict[Address, list[str]]:
    found: dict[Address, list[str]] = defaultdict(list)
    for coin_id, entry in entries.items():
        for key in _addresses(entry):
            found[key].append(coin_id)
    return found


def _by_name(entries: Mapping[str, Listed]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for coin_id, entry in entries.items():
        if _listed(entry):
            name = read_name(entry.name)
            found[squeeze(entry.symbol), "".join((name.plain, *sorted(name.versions)))].append(coin_id)
    return found


def _contradict(old: Listed, new: Listed) -> bool:
    ours, theirs = _addresses(old), _addresses(new)
    return not ours & theirs and bool({a.chain for a in ours} & {a.chain for a in theirs})


def _addresses(entry: Listed) -> frozenset[Address]:
    return frozenset(found for chain, text in entry.addresses if (found := address(chain, text)))
