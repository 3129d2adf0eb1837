"""A member's own part: where members answer, and which change the model's owner has to make."""

from __future__ import annotations

from oracle.chain.contracts import DecisionContract
from oracle.cli.committee_chain import Standing, find_standing
from oracle.cli.committee_show import next_json, print_next
from oracle.cli.console import facts, say, show_json
from oracle.cli.peers import member_of, peers_path, read_peers, url_of, write_peers
from oracle.cli.place import address_of, decisions_of, models_of
from oracle.cli.reading import reading
from oracle.cli.settings import Settings
from oracle.core.errors import ConfigError, NotFound

Things = list[tuple[str, str]]


async def join_committee(
    settings: Settings, which: str, url: str, member: str | None, json: bool
) -> None:
    """Write the entry, and say what is to be done elsewhere.

    Raises:
        ConfigError: no such URL, or whose it is is not known.
    """
    standing, own = await _look(settings, which)
    who = _who(member, own)
    entry = url_of(who, url)
    path = peers_path(settings)
    peers = read_peers(path) if path.exists() else {}
    write_peers(path, peers | {who: entry})
    things: Things = []
    present = standing.committee.members if standing.committee else ()
    if who not in present:
        wanted = [*present, who]
        threshold = max(standing.committee.threshold if standing.committee else 1, _most(wanted))
        things.append(
            (f"{who} is no member yet: the owner proposes", _change(which, wanted, threshold))
        )
    if who == own:
        told = f"oracle committee join {which} --member {who} --url {entry}"
        things.append(("every other member's operator, to reach this node", told))
    things.append(("start the node again, which then knows it", "oracle node"))
    _report({"peers": str(path), "member": who, "url": entry}, things, json)


async def leave_committee(settings: Settings, which: str, member: str | None, json: bool) -> None:
    """Remove the entry, and say what the owner has to change.

    Raises:
        NotFound: it is neither a member nor in the peers file.
    """
    standing, own = await _look(settings, which)
    who = _who(member, own)
    path = peers_path(settings)
    peers = read_peers(path) if path.exists() else {}
    present = standing.committee.members if standing.committee else ()
    if who not in present and who not in peers:
        raise NotFound(
            f"{who} is no member for {standing.name}",
            remedy=f"see who is: oracle committee show {which}",
        )
    if peers.pop(who, None) is not None:
        write_peers(path, peers)
    things: Things = []
    if standing.committee is not None and who in present:
        left = [each for each in present if each != who]
        threshold = min(standing.committee.threshold, len(left))
        if left:
            change = _change(which, left, threshold)
            things.append(("the owner proposes, and it takes effect after two days", change))
        if who == own:
            things.append(
                ("until then keep the node running: its votes are counted on", "oracle node")
            )
    _report({"peers": str(path), "member": who, "url": None}, things, json)


async def _look(settings: Settings, which: str) -> tuple[Standing, str | None]:
    async with reading(settings) as rpc:
        contract = DecisionContract(rpc, decisions_of(settings))
        standing = await find_standing(contract, models_of(settings), which)
        return standing, address_of(settings, rpc.chain_id)


def _who(member: str | None, own: str | None) -> str:
    if member is not None:
        return member_of(member)
    if own is None:
        raise ConfigError(
            "whose URL it is is not known: there are several keys here, or none",
            remedy="say it with --member ADDRESS, or set ORACLE_ACCOUNT",
        )
    return own


def _most(members: list[str]) -> int:
    return len(members) // 2 + 1


def _change(which: str, members: list[str], threshold: int) -> str:
    return f"oracle committee change {which} --members {','.join(members)} --threshold {threshold}"


def _report(found: dict[str, str | None], things: Things, json: bool) -> None:
    if json:
        show_json(found | {"next": next_json(things)})
        return
    what = "written to" if found["url"] else "removed from"
    say("", facts([("member", found["member"]), ("url", found["url"]), (what, found["peers"])]))
    print_next(things)
