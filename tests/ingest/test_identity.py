"""What a run finds out about listings decides which assets they belong to; a person's word counts, and is kept."""

import asyncio
from collections.abc import Sequence

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kasparro.errors import KasparroError
from kasparro.ingest.identity import settle_identity
from kasparro.ingest.verdicts import decide, take_back
from kasparro.market.identity.overrides import OverrideRefused
from kasparro.postgres.sharing import Server
from kasparro.store.connection import connect
from kasparro.store.identity.coin_lists import read_list
from kasparro.store.identity.explaining import explain
from kasparro.store.identity.naming import NoSuchListing, UnclearListing, name_listing
from kasparro.store.identity.session import IdentityBusy, identity_session
from kasparro.store.identity.verdicts import add_verdict, list_verdicts, list_waiting, withdraw_verdict
from kasparro.store.staging import create_staging
from tests.ingest.commands import fresh_ledger
from tests.ingest.looking import Desk
from tests.ingest.scripted import Record, Scripted, body, record

WRAPPED = ["ethereum", "0x" + "ab" * 20]


def coin(coin_id: str, symbol: str, name: str, *addresses: Sequence[str], active: bool = True) -> Record:
    return {
        "coin": coin_id,
        "symbol": symbol,
        "name": name,
        "active": active,
        "addresses": [list(a) for a in addresses],
    }


async def post(url: str, source: str, *records: Record, whole: bool = False) -> None:
    """Put records of a source into the ledger."""
    connection = await connect(url)
    try:
        await create_staging(connection)
        scripted = Scripted(name=source)
        scripted.whole = whole
        await Desk(connection).post(scripted, body(*records), stream="coins")
    finally:
        await connection.close()


def put(url: str, source: str, *records: Record, whole: bool = False) -> None:
    """The same for a test that doesn't wait."""
    asyncio.run(post(url, source, *records, whole=whole))


def assets(url: str) -> dict[str, str]:
    """source:id -> asset, now."""
    with psycopg.connect(url) as connection:
        listed = "concat_ws(':', source, nullif(dataset, ''), source_coin_id)"
        return dict(connection.execute(f"SELECT {listed}, slug FROM listings JOIN assets USING (asset_id)").fetchall())


def version(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT version FROM ledger").fetchone()
        assert row
        return int(row[0])


def test_two_sources_of_one_coin_are_one_asset_and_a_namesake_is_another(url: str) -> None:
    put(url, "coingecko", coin("toncoin", "ton", "Toncoin"), coin("tontoken", "ton", "TON Token"))
    put(url, "coinpaprika", coin("ton-toncoin", "TON", "Toncoin"))
    done = settle_identity(url)
    assert (done.decided, done.changed) == (3, 3)
    assert assets(url) == {
        "coingecko:toncoin": "toncoin", "coinpaprika:ton-toncoin": "toncoin", "coingecko:tontoken": "tontoken",
    }  # fmt: skip
    with psycopg.connect(url) as connection:
        [(known, decided)] = connection.execute("SELECT version, decided FROM resolutions").fetchall()
    assert (known, decided) == (version(url), 3), "a moment of the ledger, like a load"


def test_nothing_new_decides_nothing_and_leaves_the_ledger_as_it_is(url: str) -> None:
    put(url, "coingecko", coin("a", "a", "Alpha"))
    settle_identity(url)
    before = version(url)
    again = settle_identity(url)
    assert (again.decided, again.changed, again.version, version(url)) == (0, 0, None, before)
    anew = settle_identity(url, anew=True)
    assert (anew.decided, anew.changed, version(url)) == (1, 0, before)


def test_an_asset_keeps_its_name_when_a_source_joins_or_a_coin_is_renamed(url: str) -> None:
    put(url, "coinpaprika", coin("mat-matic-network", "MATIC", "Matic Network", WRAPPED))
    settle_identity(url)
    [slug] = assets(url).values()
    put(url, "coingecko", coin("polygon", "pol", "Polygon", WRAPPED))
    settle_identity(url)
    put(url, "coinpaprika", coin("mat-matic-network", "POL", "Polygon"))
    settle_identity(url)
    assert set(assets(url).values()) == {slug}
    with identity_session(url) as session:
        [told] = explain(session, "polygon")
    assert [link.method for link in told.links] == ["address"] and told.mates == ["coinpaprika:mat-matic-network"]
    assert WRAPPED[1] in str(told.links[0].evidence)


def test_a_coin_that_a_whole_list_lacks_is_listed_no_longer_until_it_comes_back(url: str) -> None:
    others = [coin(f"c{n}", f"c{n}", f"Coin {n}") for n in range(20)]
    put(url, "coingecko", *others, coin("gone", "gone", "Gone"), whole=True)
    put(url, "coingecko", *others, whole=True)
    with identity_session(url) as session:
        listed = read_list(session, "coingecko", None)
    assert [i for i, entry in listed.items() if not entry.active] == ["gone"]
    assert listed["gone"].name == "Gone", "its history stays"
    put(url, "coingecko", *others, coin("gone", "gone", "Gone"), whole=True)
    with identity_session(url) as session:
        assert read_list(session, "coingecko", None)["gone"].active


@pytest.mark.parametrize("left", [5, 16])
def test_a_list_that_lost_too_much_at_once_delists_nothing(url: str, left: int) -> None:
    coins = [coin(f"c{n}", f"c{n}", f"Coin {n}") for n in range(20)]
    put(url, "coingecko", *coins, whole=True)
    put(url, "coingecko", *coins[:left], whole=True)
    with identity_session(url) as session:
        gone = [entry for entry in read_list(session, "coingecko", None).values() if not entry.active]
    assert len(gone) == (4 if left == 16 else 0)


def test_an_unreadable_record_may_be_the_one_that_seems_to_be_missing(url: str) -> None:
    coins = [coin(f"c{n}", f"c{n}", f"Coin {n}") for n in range(20)]
    put(url, "coingecko", *coins, whole=True)
    put(url, "coingecko", *coins[1:], {"bad": "no id"}, whole=True)
    with identity_session(url) as session:
        assert all(entry.active for entry in read_list(session, "coingecko", None).values())


@pytest.fixture
def unsure(url: str) -> str:
    """A ledger in which two listings may be one coin."""
    put(url, "coingecko", coin("zed", "zed", "Zed"), coin("aeth", "aeth", "Aether", WRAPPED))
    put(url, "coinpaprika", coin("zed2-tangle", "ZED2", "Tangle"),
        coin("aeth-other", "AETHER", "Other", ["ethereum", "0x" + "cd" * 20]))  # fmt: skip
    settle_identity(url)
    return url


def test_a_person_joins_tells_apart_and_takes_it_back(unsure: str) -> None:
    url = unsure
    assert len(set(assets(url).values())) == 4
    done = decide(url, "coingecko:zed", "zed2-tangle", same=True, note="same project")
    assert done.resolved.changed and assets(url)["coinpaprika:zed2-tangle"] == assets(url)["coingecko:zed"]
    settle_identity(url, anew=True)
    assert assets(url)["coinpaprika:zed2-tangle"] == assets(url)["coingecko:zed"], "remembered"
    with identity_session(url) as session:
        [kept] = list_verdicts(session)
    assert kept.note == "same project"
    assert take_back(url, kept.verdict_id) is not None
    assert assets(url)["coinpaprika:zed2-tangle"] != assets(url)["coingecko:zed"]
    assert take_back(url, kept.verdict_id) is None
    with identity_session(url) as session:
        assert list_verdicts(session)[0].withdrawn_at is not None, "for ever"


def test_what_a_person_told_apart_stays_apart(url: str) -> None:
    put(url, "coingecko", coin("a", "a", "Alpha"))
    put(url, "coinpaprika", coin("a-alpha", "A", "Alpha"))
    settle_identity(url)
    assert len(set(assets(url).values())) == 1
    decide(url, "coingecko:a", "coinpaprika:a-alpha", same=False)
    assert len(set(assets(url).values())) == 2
    settle_identity(url, anew=True)
    assert len(set(assets(url).values())) == 2
    with identity_session(url) as session:
        assert not list_waiting(session, 10), "nobody is asked twice"


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        ("coingecko:aeth", "coinpaprika:aeth-other", "0x" + "cd" * 20),
        ("coingecko:zed", "coingecko:aeth", "coingecko"),
        ("coingecko:zed", "coingecko:zed", "itself"),
        ("coingecko:zed", "coinpaprika:nothing", "nothing"),
        ("coingecko:ze", "coinpaprika:zed2-tangle", "coingecko:zed"),
    ],
)
def test_what_can_t_be_true_is_refused_with_its_evidence_and_changes_nothing(
    unsure: str, one: str, other: str, shown: str
) -> None:
    before, at = assets(unsure), version(unsure)
    with pytest.raises(KasparroError) as refused:
        decide(unsure, one, other, same=True)
    assert isinstance(refused.value, OverrideRefused | NoSuchListing)
    assert shown in str(refused.value) and refused.value.remedy
    assert (assets(unsure), version(unsure)) == (before, at)
    with identity_session(unsure) as session:
        assert not list_verdicts(session)


def test_what_no_run_has_decided_yet_is_evidence_all_the_same(url: str) -> None:
    put(url, "coingecko", coin("alpha", "a", "Alpha", WRAPPED), coin("bare", "b", "Bare"))
    put(url, "coinpaprika", coin("a-alpha", "A", "Alpha", WRAPPED))
    with pytest.raises(OverrideRefused, match="coingecko alpha"):
        decide(url, "coinpaprika:a-alpha", "coingecko:bare", same=True)


def test_links_in_a_circle_are_refused(unsure: str) -> None:
    decide(unsure, "coingecko:zed", "coinpaprika:zed2-tangle", same=True)
    with pytest.raises(OverrideRefused, match="already joined"):
        decide(unsure, "coinpaprika:zed2-tangle", "coingecko:zed", same=True)
    with pytest.raises(OverrideRefused, match="two listings of coingecko"):
        decide(unsure, "coingecko:aeth", "coinpaprika:zed2-tangle", same=True)


def test_who_is_killed_between_a_verdict_and_its_consequence_leaves_it_to_the_next(unsure: str) -> None:
    with identity_session(unsure) as session:
        pair = [name_listing(session, text).listing_id for text in ("coingecko:zed", "zed2-tangle")]
        add_verdict(session, *pair, same=True, note="")
    settle_identity(unsure)
    assert assets(unsure)["coinpaprika:zed2-tangle"] == assets(unsure)["coingecko:zed"]
    with identity_session(unsure) as session:
        withdraw_verdict(session, list_verdicts(session)[0].verdict_id)
    settle_identity(unsure)
    assert assets(unsure)["coinpaprika:zed2-tangle"] != assets(unsure)["coingecko:zed"]


def test_a_file_s_row_is_one_coin_and_brings_no_others_together(unsure: str) -> None:
    asyncio.run(_put_rows(unsure, "mine", "yours"))
    settle_identity(unsure)
    decide(unsure, "csv:mine:Z", "coingecko:zed", same=True)
    before, at = assets(unsure), version(unsure)
    assert before["csv:mine:Z"] == before["coingecko:zed"] != before["csv:yours:Z"]
    refused = (
        ("csv:mine:Z", "coingecko:aeth", True, "two listings of coingecko"),
        ("csv:mine:Z", "coinpaprika:zed2-tangle", True, "was said to be the coin of another listing"),
        ("csv:yours:Z", "csv:mine:Z", True, "rows of files"),
        ("csv:yours:Z", "csv:mine:Z", False, "rows of files"),
    )
    for one, other, same, shown in refused:
        with pytest.raises(OverrideRefused, match=shown) as told:
            decide(unsure, one, other, same=same)
        assert told.value.remedy
    assert (assets(unsure), version(unsure)) == (before, at)
    decide(unsure, "csv:yours:Z", "coinpaprika:zed2-tangle", same=True)
    assert assets(unsure)["csv:yours:Z"] == before["coinpaprika:zed2-tangle"], "another file's row of the same id"


async def _put_rows(url: str, *datasets: str) -> None:
    connection = await connect(url)
    try:
        await create_staging(connection)
        for dataset in datasets:
            scripted = Scripted(name="csv")
            scripted.dataset = dataset
            row = record("Z", "1", "2026-03-01T00:00:00Z", symbol="Z", name="Z")
            await Desk(connection).post(scripted, body(row), stream=dataset)
    finally:
        await connection.close()


def test_who_has_decided_for_too_long_is_not_waited_for(url: str) -> None:
    with identity_session(url), pytest.raises(IdentityBusy, match="another process"), identity_session(url, 0.05):
        pass
    with identity_session(url, 0.05) as session:
        assert session.execute("SHOW lock_timeout").fetchone() == ("0",)


def test_ids_with_colons_are_found_as_they_are_written(url: str) -> None:
    put(url, "coingecko", coin("ibc:one:two", "i", "One"), coin("two", "t", "Two"))
    with identity_session(url) as session:
        for text in ("coingecko:ibc:one:two", "ibc:one:two"):
            assert name_listing(session, text).name == "One"
        with pytest.raises(NoSuchListing):
            name_listing(session, "coingecko:one:two")


def test_an_asset_is_explained_by_all_its_listings(url: str) -> None:
    put(url, "coingecko", coin("same", "s", "Same", WRAPPED))
    put(url, "coinpaprika", coin("same", "S", "Same", WRAPPED))
    settle_identity(url)
    with identity_session(url) as session:
        told = explain(session, "Same")
        assert [one.listing.written for one in told] == ["coingecko:same", "coinpaprika:same"]
        assert [one.listing.written for one in explain(session, "coinpaprika:same")] == ["coinpaprika:same"]
        with pytest.raises(NoSuchListing):
            explain(session, "sam")


def test_an_id_that_several_sources_have_must_be_written_with_its_source(url: str) -> None:
    put(url, "coingecko", coin("same", "s", "One"))
    put(url, "coinpaprika", coin("same", "T", "Two"))
    with identity_session(url) as session:
        with pytest.raises(UnclearListing, match="coinpaprika:same"):
            name_listing(session, "same")
        assert name_listing(session, "coinpaprika:same").name == "Two"


def test_prices_that_no_float_holds_hinder_nothing(url: str) -> None:
    put(url, "coingecko", record("tiny", "1e-400"), record("huge", "1e400"), record("zero", "0"))
    assert settle_identity(url).decided == 3


_WORDS = st.sampled_from(["Alpha", "Beta", "Alpha Token", "Beta (old)", "Gamma"])
_SYMBOLS = st.sampled_from(["A", "B", "G"])
_ADDRESS = st.sampled_from([(), (WRAPPED,), (["base", "0x" + "cd" * 20],)])
_COINS = st.tuples(st.sampled_from(["coingecko", "coinpaprika"]), st.integers(0, 5), _SYMBOLS, _WORDS, _ADDRESS,
                   st.booleans(), st.sampled_from([None, "1", "1.01", "70"]))  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=st.lists(st.lists(_COINS, min_size=1, max_size=4), min_size=2, max_size=5))
def test_deciding_what_changed_gives_what_deciding_everything_would(server: Server, template: str, history) -> None:  # type: ignore[no-untyped-def]
    """After each step the links are those of a resolution of all listings with the same past."""
    with fresh_ledger(server, template) as step_by_step, fresh_ledger(server, template) as whole:
        for batch in history:
            for source, number, symbol, name, addresses, active, price in batch:
                said = [coin(f"{source[4:6]}{number}", symbol, name, *addresses, active=active)]
                if price is not None:
                    said.append(record(f"{source[4:6]}{number}", price, symbol=symbol, name=name))
                for url in (step_by_step, whole):
                    put(url, source, *said)
            settle_identity(step_by_step)
            settle_identity(whole, anew=True)
            assert assets(step_by_step) == assets(whole)
