"""Who is who, and what a slip in the file is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest

from approvals.people import People
from core.errors import ConfigError
from tests.approvals.conftest import CROWD, ROOT

FILE = Path("config/people.yaml")


def test_the_starter_file_holds_the_practice_workspace() -> None:
    people = People.load(ROOT / FILE)

    ana, olga = people.by_slack("U0ANA"), people.by_slack("U0OLGA")
    assert people.workspace_id == "T0PRACTICE"
    assert ana is not None
    assert olga is not None
    assert (ana.id, ana.roles, ana.groups, ana.first_name) == (
        "ana",
        ("support",),
        ("support",),
        "Ana",
    )
    assert olga.operator
    assert [p.name for p in people.members("finance")] == ["Finn Aalto"]
    assert people.by_slack("U0GITA") is None


def test_an_empty_and_an_unknown_group_are_nobody(people: People) -> None:
    assert people.members("empty") == ()
    assert people.members("nosuch") == ()


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("mara@lindqvist.example", True),
        ("  Mara <MARA@Lindqvist.Example> ", True),
        ("mara@lindqvist.example.evil.example", False),
        ("mara@sub.lindqvist.example", False),
        ("evil@x.example,ana@lindqvist.example", False),
        ("ana@lindqvist.example <evil@x.example>", False),
        ("lindqvist.example", False),
        ("", False),
        ("a@b@lindqvist.example", False),
    ],
)
def test_only_one_plain_address_of_an_own_domain_is_inside(
    people: People, address: str, inside: bool
) -> None:
    assert people.is_inside(address) is inside


def test_the_directory_knows_its_people_domains_and_listed_addresses() -> None:
    text = CROWD + "known_addresses: [Pia@Carrier.example]\nknown_domains: [kappel-gmbh.example]\n"
    people = People.parse(text, FILE)

    assert people.knows("pia@carrier.example")
    assert people.knows("anyone@kappel-gmbh.example")
    assert people.knows("info@lindqvist.example")
    assert people.knows("Finn Aalto")
    assert not people.knows("exports@kappel-data.example")
    assert not people.knows("Nobody Known")


def test_people_are_found_by_any_words_about_them(people: People) -> None:
    assert [p.id for p in people.find("finance")] == ["finn", "olga"]
    assert [p.id for p in people.find("ana BERG")] == ["ana"]
    assert people.find("  ") == ()


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (
            ("slack_id: U0FINN", "slack_id: U0ANA"),
            6,
            "has the same slack_id as Ana Berg",
        ),
        (("id: sam", "id: ana"), 8, "has the same id"),
        (("finance: [finn, olga]", "finance: [finn, olag]"), 10, "names 'olag', who is not among"),
        (("operator: true", "boss: true"), 7, "I do not know the key 'boss'"),
        (("U0SAM", "sam"), 8, "slack_id"),
        (("name: Sam Cole", "name: Sam Cole, tz: Mars/North"), 8, "not a time zone"),
        (("ana@lindqvist.example", "ana at lindqvist"), 5, "is not a mail address"),
        (("groups:\n", "groups:\n  finance: [sam]\n"), 11, "stands here for the second time"),
        (("people:\n", "people: {\n"), 5, "expected"),
        (("workspace: T0PRACTICE\n", ""), 2, "workspace"),
    ],
)
def test_a_slip_is_named_with_its_file_line_and_mend(
    change: tuple[str, str], line: int, says: str
) -> None:
    assert change[0] in CROWD

    with pytest.raises(ConfigError) as caught:
        People.parse(CROWD.replace(*change), FILE)

    assert f"config/people.yaml, line {line}: " in caught.value.sentence
    assert says in caught.value.sentence


def test_a_missing_empty_or_unreadable_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\. Copy the starter file"):
        People.load(tmp_path / "none.yaml")
    (tmp_path / "empty.yaml").write_text("")
    with pytest.raises(ConfigError, match="line 1"):
        People.load(tmp_path / "empty.yaml")
    (tmp_path / "odd.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        People.load(tmp_path / "odd.yaml")


def test_every_change_of_the_file_changes_its_digest(people: People) -> None:
    assert People.parse(CROWD, FILE).digest == people.digest
    assert People.parse(CROWD + "\n", FILE).digest != people.digest
