"""Signatures on events, as Standard Webhooks has them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from bot.events.signatures import is_genuine, is_id, read_keys, signed
from core.errors import ConfigError

#: The example that the standard's own libraries are tested with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NOW = datetime.fromtimestamp(AT, UTC)
OTHER = "whsec_" + "QUJD" * 8


def genuine(
    given: str = SIGNED, at: str = str(AT), *, now: datetime = NOW, body: bytes = BODY
) -> bool:
    keys = read_keys(f"shop={OTHER} shop={SECRET}")["shop"]
    return is_genuine(keys, ID, at, body, given, now=now)


def test_the_standards_own_example_is_signed_and_taken() -> None:
    (key,) = read_keys(f"shop={SECRET}")["shop"]

    assert signed(key, ID, AT, BODY) == SIGNED
    assert genuine()


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (f"v1a,abc {SIGNED} v2,x", True),
        (f"v1,AAAA {SIGNED}", True),
        (SIGNED.removeprefix("v1,"), False),
        ("v1,", False),
        ("", False),
        (SIGNED[:-2] + "A=", False),
        ("v1,ä\ud800", False),
    ],
)
def test_one_good_signature_of_several_is_enough_and_none_is_not(given: str, taken: bool) -> None:
    assert genuine(given) is taken


def test_another_body_id_or_time_is_not_what_was_signed() -> None:
    assert not genuine(body=BODY + b" ")
    assert not genuine(at=str(AT + 1))
    assert not genuine(at="-1")
    assert not genuine(at="1e9")
    assert not genuine(at="")


def test_what_was_signed_more_than_five_minutes_away_is_refused() -> None:
    span = timedelta(minutes=5)

    assert genuine(now=NOW + span)
    assert genuine(now=NOW - span)
    assert not genuine(now=NOW + span + timedelta(seconds=1))
    assert not genuine(now=NOW - span - timedelta(seconds=1))


def test_an_id_holds_no_full_stop_and_no_space() -> None:
    assert [is_id(id) for id in (ID, "7", "a/b:c", "a.b", "a b", "", "x" * 201, "ä")] == [
        True, True, True, False, False, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "whsec_abc",
        "Shop=" + SECRET,
        "shop=",
        "shop=secret",
        "shop=whsec_QUJD",
        f"shop={SECRET[6:]}",
        "shop=whsec_!!",
    ],
)
def test_a_secret_that_is_none_stops_the_start_and_is_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError, match="SIGNOFF_EVENT_SECRETS") as error:
        read_keys(text)

    assert SECRET[6:] not in error.value.sentence
    assert "openssl rand" in error.value.sentence


def test_two_sources_never_share_a_secret() -> None:
    """What is signed does not name its source: each could speak as the other."""
    other = "whsec_" + base64.b64encode(bytes(range(40))).decode()

    with pytest.raises(ConfigError, match="shop and billing have the same secret") as error:
        read_keys(f"shop={other} shop={SECRET} billing={SECRET}")

    assert SECRET[6:] not in error.value.sentence
    assert sorted(read_keys(f"shop={SECRET} shop={SECRET} billing={other}")) == ["billing", "shop"]


def test_no_secrets_are_no_sources() -> None:
    assert read_keys("") == {}
