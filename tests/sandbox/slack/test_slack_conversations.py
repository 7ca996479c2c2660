"""What is kept of a conversation: order, threads, metadata, edits, pages, ephemeral messages."""

from slack_sdk.web.client import WebClient

from sandbox.slack.shapes import BOT_TOKEN, Json
from tests.sandbox.slack.slack_bench import ANA, SUPPORT, Bench, section

METADATA = {"event_type": "signoff_post", "event_payload": {"post_id": "p1"}}


async def posted(bench: Bench, text: str = "Hello", **more: object) -> str:
    answer = await bench.call("chat.postMessage", {"channel": SUPPORT, "text": text, **more})
    return str(answer["ts"])


async def history(bench: Bench, **more: object) -> list[Json]:
    answer = await bench.call("conversations.history", {"channel": SUPPORT, **more})
    return list(answer["messages"])


async def test_timestamps_are_unique_and_grow_on_a_clock_that_stands(bench: Bench) -> None:
    stamps = [await posted(bench) for _ in range(5)]

    assert stamps == sorted(set(stamps))
    assert stamps[0] == "1795165200.000000"


async def test_history_is_newest_first_without_replies(bench: Bench) -> None:
    first = await posted(bench, "one")
    await posted(bench, "reply", thread_ts=first)
    await posted(bench, "two")
    await posted(bench, "loud", thread_ts=first, reply_broadcast=True)

    found = await history(bench)

    assert [m["text"] for m in found] == ["loud", "two", "one"]
    assert (found[2]["reply_count"], found[2]["reply_users"]) == (2, ["U0SIGNOFF"])


async def test_a_thread_is_its_first_message_and_its_replies(bench: Bench) -> None:
    root = await bench.types("Question")
    reply = await posted(bench, "answer", thread_ts=root)
    await posted(bench, "to the reply", thread_ts=reply)

    answer = await bench.call("conversations.replies", {"channel": SUPPORT, "ts": root})

    assert [(m["text"], m["thread_ts"]) for m in answer["messages"]] == [
        ("Question", root),
        ("answer", root),
        ("to the reply", root),
    ]
    assert answer["messages"][1]["parent_user_id"] == ANA


async def test_metadata_is_returned_only_when_asked_for(bench: Bench) -> None:
    await posted(bench, metadata=METADATA)

    silent = await history(bench)
    asked = await history(bench, include_all_metadata=True)

    assert "metadata" not in silent[0]
    assert asked[0]["metadata"] == METADATA


async def test_an_update_keeps_what_it_does_not_name_but_a_text_alone_drops_blocks(
    bench: Bench,
) -> None:
    ts = await posted(bench, "old", metadata=METADATA, blocks=[section()])

    blocks = [section("new"), section("more")]
    await bench.call("chat.update", {"channel": SUPPORT, "ts": ts, "blocks": blocks})
    kept = (await history(bench, include_all_metadata=True))[0]
    await bench.call("chat.update", {"channel": SUPPORT, "ts": ts, "text": "bare"})
    bare = (await history(bench))[0]

    assert (kept["text"], kept["metadata"], len(kept["blocks"])) == ("old", METADATA, 2)
    assert kept["edited"]["user"] == "U0SIGNOFF"
    assert (bare["text"], "blocks" in bare) == ("bare", False)


async def test_an_update_takes_less_text_than_a_post(bench: Bench) -> None:
    ts = await posted(bench, "x" * 40_000)

    answer = await bench.call("chat.update", {"channel": SUPPORT, "ts": ts, "text": "x" * 4001})

    assert answer["error"] == "msg_too_long"


async def test_deleting_the_first_message_of_a_thread_leaves_a_tombstone(bench: Bench) -> None:
    root, alone = await posted(bench, "root"), await posted(bench, "alone")
    await posted(bench, "reply", thread_ts=root)

    for ts in (root, alone):
        await bench.call("chat.delete", {"channel": SUPPORT, "ts": ts})

    assert [(m["subtype"], m["text"]) for m in await history(bench)] == [
        ("tombstone", "This message was deleted.")
    ]


async def test_the_app_never_reads_ephemeral_messages(bench: Bench) -> None:
    answer = await bench.call(
        "chat.postEphemeral", {"channel": SUPPORT, "user": ANA, "text": "Psst"}
    )

    ts = answer["message_ts"]
    update = await bench.call("chat.update", {"channel": SUPPORT, "ts": ts, "text": "?"})
    assert await history(bench) == []
    assert update["error"] == "message_not_found"


async def test_pages_follow_one_another_to_the_end(bench: Bench) -> None:
    for number in range(5):
        await posted(bench, str(number))

    # The synchronous client follows cursors by itself; it runs beside this loop.
    def read() -> list[str]:
        client = WebClient(BOT_TOKEN, base_url=bench.running.api_url)
        pages = client.conversations_history(channel=SUPPORT, limit=2)
        return [m["text"] for page in pages for m in page["messages"]]

    assert await bench.in_thread(read) == ["4", "3", "2", "1", "0"]


async def test_history_between_two_moments(bench: Bench) -> None:
    stamps = [await posted(bench, str(number)) for number in range(4)]
    between = {"oldest": stamps[0], "latest": stamps[2]}

    inside = await history(bench, **between)
    with_edges = await history(bench, **between, inclusive=True)

    assert [m["text"] for m in inside] == ["1"]
    assert [m["text"] for m in with_edges] == ["2", "1", "0"]


async def test_markdown_text_becomes_a_markdown_block(bench: Bench) -> None:
    answer = await bench.call("chat.postMessage", {"channel": SUPPORT, "markdown_text": "**b**"})

    (block,) = answer["message"]["blocks"]
    assert (block["type"], block["text"]) == ("markdown", "**b**")


async def test_posting_to_a_person_or_a_name_finds_the_channel(bench: Bench) -> None:
    to_person = await bench.call("chat.postMessage", {"channel": ANA, "text": "Hi"})
    to_name = await bench.call("chat.postMessage", {"channel": "#support", "text": "Hi"})

    assert (to_person["channel"], to_name["channel"]) == ("D0ANA", SUPPORT)


async def test_accounts_that_are_not_full_members_say_so(bench: Bench) -> None:
    async def user(user_id: str) -> Json:
        return dict((await bench.call("users.info", {"user": user_id}))["user"])

    guest, stranger = await user("U0GITA"), await user("U0EXT")
    bot, gone, member = await user("U0BOTTY"), await user("U0GONE"), await user(ANA)

    assert guest["is_restricted"] is True
    assert (stranger["is_stranger"], stranger["team_id"]) == (True, "T0OTHER")
    assert bot["is_bot"] is True
    assert gone["deleted"] is True
    assert (member["is_restricted"], member["tz"], member["profile"]["email"]) == (
        False,
        "Europe/Berlin",
        "ana@lindqvist.example",
    )


async def test_the_status_line_goes_with_the_answer_or_after_two_minutes(
    bench: Bench,
) -> None:
    root = await bench.types("Question")
    args = {"channel_id": SUPPORT, "thread_ts": root, "status": "is reading the shop"}

    async def status() -> object:
        seen = await bench.see(f"messages?channel={SUPPORT}&thread_ts={root}")
        return seen["status"]

    await bench.call("assistant.threads.setStatus", args)
    shown = await status()
    await posted(bench, "answer", thread_ts=root)
    answered = await status()
    await bench.call("assistant.threads.setStatus", args)
    bench.advance(121)
    late = await status()

    assert shown == {"text": "is reading the shop", "loading_messages": []}
    assert (answered, late) == (None, None)


async def test_too_many_loading_messages_are_refused(bench: Bench) -> None:
    root = await bench.types("Question")

    answer = await bench.call(
        "assistant.threads.setStatus",
        {"channel_id": SUPPORT, "thread_ts": root, "status": "s", "loading_messages": ["x" * 51]},
    )

    assert answer["error"] == "invalid_arguments"


async def test_people_from_a_connected_workspace_are_marked_in_what_they_write(
    bench: Bench, answered: None
) -> None:
    await bench.types("Hello", user="U0EXT", channel="C0GENERAL")
    await bench.types("Hello", channel="C0SUPPORT")
    await bench.until(lambda: _delivered(bench, 2))

    theirs, ours = (parcel.payload for parcel in bench.delivered)
    assert (theirs["event"]["user_team"], theirs["is_ext_shared_channel"]) == ("T0OTHER", True)
    assert ("user_team" in ours["event"], ours["is_ext_shared_channel"]) == (False, False)


async def _delivered(bench: Bench, number: int) -> bool:
    return len(bench.delivered) == number
