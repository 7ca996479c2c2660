"""The mail tools against a real SMTP server and real Maildirs."""

from __future__ import annotations

import mailbox
import socket
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from connector_bench import Bench, make_bench
from pydantic import ValidationError

from core.origins import Origin
from sandbox.office.testing import Office
from tools.contract import Refused, Unavailable


def mail_to(*to: str, subject: str = "The refund", body: str = "It is done.") -> dict[str, Any]:
    return {"to": list(to), "subject": subject, "body": body}


def delivered(office: Office) -> list[dict[str, Any]]:
    return [entry for entry in office.journal() if entry["method"] == "SMTP" and entry["effect"]]


def letters_in(office: Office, name: str) -> list[EmailMessage]:
    box = mailbox.Maildir(office.data / "office" / "mail" / name)
    return [message_from_bytes(box.get_bytes(key), policy=default) for key in box.keys()]  # noqa: SIM118


def test_kappels_letter_is_found_and_read_as_mail(bench: Bench) -> None:
    (found,) = bench.run("mail.search", {"query": "Kappel"}).messages
    letter = bench.run("mail.read", {"message_id": found.message_id})

    assert found.sender == "Jonas Kappel <jonas.kappel@kappel-gmbh.example>"
    assert found.box == "support@lindqvist.example"
    assert "exports@kappel-data.example" in letter.text
    assert letter.source.startswith("letter from Jonas Kappel")
    assert bench.tool("mail.read").yields is Origin.MAIL


def test_everybody_reads_the_shared_box_and_their_own_but_no_other(bench: Bench) -> None:
    hers = bench.run("mail.search", {"query": "stocktake"}, person="ana")
    his = bench.run("mail.search", {"query": "stocktake"}, person="finn")
    shared = bench.run("mail.search", {"query": "torn tent"}, person="finn")

    assert [one.subject for one in hers.messages] == ["Stocktake on Tuesday"]
    assert his.messages == ()
    assert [one.subject for one in shared.messages] == ["Torn tent, order 4711"]


def test_a_letter_of_another_box_cannot_be_read_by_its_id(bench: Bench) -> None:
    (letter,) = bench.run("mail.search", {"query": "stocktake"}, person="ana").messages

    with pytest.raises(Refused) as refused:
        bench.run("mail.read", {"message_id": letter.message_id}, person="finn")

    assert refused.value.code == "no_such_letter"


@pytest.mark.parametrize("id_", ["../../shop.db", "m_../../etc/passwd", "", "m_zz"])
def test_an_id_that_is_a_path_is_refused(bench: Bench, id_: str) -> None:
    with pytest.raises(ValidationError):
        bench.run("mail.read", {"message_id": id_})


def test_a_formatted_letter_is_read_as_words(office: Office) -> None:
    sams = make_bench(office, MAIL_SHARED="sam@lindqvist.example")

    (found,) = sams.run("mail.search", {"query": "spring prices"}).messages
    text = sams.run("mail.read", {"message_id": found.message_id}).text

    assert "tents rise by 3\u00a0%" in text.replace("3 %", "3\u00a0%")
    assert "TENT-2" in text
    assert "<b>" not in text
    assert "color: #333" not in text


def test_broken_letters_are_read_as_far_as_they_go(bench: Bench, office: Office) -> None:
    box = mailbox.Maildir(office.data / "office" / "mail" / "ana@lindqvist.example")
    box.add(b"From: =?utf-8?q?bro=ken\nDate: never\nSubject: Zebra \xff\xfe\n"
            b"Content-Type: text/plain; charset=no-such\n\nzebra \xff crossing")  # fmt: skip

    (found,) = bench.run("mail.search", {"query": "zebra crossing"}).messages
    letter = bench.run("mail.read", {"message_id": found.message_id})

    assert found.date == ""
    assert "crossing" in letter.text


def test_a_long_letter_says_that_it_goes_on(bench: Bench, office: Office) -> None:
    box = mailbox.Maildir(office.data / "office" / "mail" / "ana@lindqvist.example")
    box.add(b"From: a@b.example\nSubject: giraffe\n\n" + b"giraffe " * 10_000)

    (found,) = bench.run("mail.search", {"query": "giraffe"}).messages
    letter = bench.run("mail.read", {"message_id": found.message_id})

    assert (len(letter.text), letter.truncated) == (20_000, True)


def test_a_mail_inside_arrives_once_in_the_askers_name(bench: Bench, office: Office) -> None:
    sent = bench.run(
        "mail.send",
        mail_to("finn@lindqvist.example", subject="Gruß", body=".Grüße\n.\nAna = froh\n"),
        action="act_inside",
    )

    (letter,) = [m for m in letters_in(office, "finn@lindqvist.example") if m["Subject"] == "Gruß"]
    assert letter["Message-ID"] == sent.message_id
    assert letter["From"] == "Ana Berg via Signoff <signoff@lindqvist.example>"
    assert letter["Reply-To"] == "Ana Berg <ana@lindqvist.example>"
    assert letter.get_content().splitlines() == [".Grüße", ".", "Ana = froh"]
    assert [entry["key"] for entry in delivered(office)].count(sent.message_id) == 1
    assert office.counters()["mails_out"] == 0


def test_a_mail_outside_is_counted_as_leaving(bench: Bench, office: Office) -> None:
    before = office.counters()["mails_out"]

    bench.run("mail.send", mail_to("mara.lind@post.example"), action="act_outside")

    assert office.counters()["mails_out"] == before + 1


def test_the_card_says_what_leaves_the_company(bench: Bench) -> None:
    inside = bench.preview("mail.send", mail_to("finn@lindqvist.example"))
    both = bench.preview("mail.send", mail_to("finn@lindqvist.example", "mara.lind@post.example"))

    assert (inside.outside, inside.own, inside.recipients) == (
        False,
        True,
        ("finn@lindqvist.example",),
    )
    assert (both.outside, both.own) == (True, False)
    assert both.title == "Send a mail to finn@lindqvist.example and mara.lind@post.example"
    assert ("", "stays in the company") in inside.details
    assert ("", "leaves the company: mara.lind@post.example") in both.details


def test_one_refused_recipient_stops_the_mail_for_all(bench: Bench, office: Office) -> None:
    before = delivered(office)

    with pytest.raises(Refused) as refused:
        bench.run("mail.send", mail_to("finn@lindqvist.example", "gone@lindqvist.example"))

    assert "gone@lindqvist.example" in refused.value.sentence
    assert delivered(office) == before


def test_a_server_that_says_later_has_not_sent(bench: Bench, office: Office) -> None:
    office.fault("SMTP DATA", "status", status=451)
    before = delivered(office)

    with pytest.raises(Unavailable) as later:
        bench.run("mail.send", mail_to("finn@lindqvist.example"))

    assert not later.value.reached
    assert delivered(office) == before


def test_a_server_that_says_never_has_refused(bench: Bench, office: Office) -> None:
    office.fault("SMTP DATA", "status", status=554)

    with pytest.raises(Refused) as never:
        bench.run("mail.send", mail_to("finn@lindqvist.example"))

    assert never.value.code == "mail_refused"


def test_a_mail_whose_reply_is_lost_may_be_out(bench: Bench, office: Office) -> None:
    before = len(delivered(office))
    office.fault("SMTP DATA", "drop", "after")

    with pytest.raises(Unavailable) as lost:
        bench.run("mail.send", mail_to("finn@lindqvist.example"), action="act_lost")

    assert lost.value.reached
    assert len(delivered(office)) == before + 1


def test_a_mail_whose_reply_is_late_may_be_out(bench: Bench, office: Office) -> None:
    office.fault("SMTP DATA", "delay", "after", seconds=1.5)

    with pytest.raises(Unavailable) as late:
        bench.run("mail.send", mail_to("finn@lindqvist.example"), timeout_s=0.4)

    assert late.value.reached


def test_a_mail_server_that_is_not_there_was_not_reached(office: Office) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        bench = make_bench(office, MAIL_SMTP=f"127.0.0.1:{taken.getsockname()[1]}")

        with pytest.raises(Unavailable) as away:
            bench.run("mail.send", mail_to("finn@lindqvist.example"))

    assert not away.value.reached


@pytest.mark.parametrize(
    "args",
    [
        mail_to("a@b.example\nBcc: c@d.example"),
        mail_to("a@b.example", subject="Hi\r\nBcc: c@d.example"),
        mail_to("a@b.example, c@d.example"),
        mail_to("A <a@b.example>"),
        mail_to("a@b.example", "A@b.example"),
        mail_to(),
    ],
)
def test_recipients_and_subjects_cannot_smuggle_others_in(
    bench: Bench, args: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        bench.run("mail.send", args)


def test_a_missing_mailbox_is_a_named_failure(office: Office, tmp_path: Path) -> None:
    bench = make_bench(office, MAIL_BOX=str(tmp_path / "nowhere"))

    with pytest.raises(Unavailable) as away:
        bench.run("mail.search", {"query": "x"})

    assert away.value.sentence == "The mailbox cannot be opened."


def test_somebody_without_an_address_is_told_so(bench: Bench) -> None:
    with pytest.raises(Refused) as refused:
        bench.run("mail.search", {"query": "x"}, person="nobody")

    assert refused.value.sentence == "You have no mail address in the directory."
