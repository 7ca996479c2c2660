"""For every row of the method table: a call that works, and one for each error code it names."""

from collections.abc import Awaitable, Callable
from typing import Any

from sandbox.slack.shapes import Json
from tests.sandbox.slack.slack_bench import ANA, SUPPORT, home, modal, section
from tests.sandbox.slack.slack_scene import Scene

Args = Callable[[Scene], Awaitable[Json]]
LONG_MARKDOWN = [{"type": "markdown", "text": "x" * 7000}] * 2
TWO_TABLES = [{"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}] * 2
METADATA = {"event_type": "signoff_post", "event_payload": {"post_id": "p1"}}


def _given(**args: Any) -> Args:
    async def make(scene: Scene) -> Json:
        return args

    return make


def _filled(**args: Callable[[Scene], Any]) -> Args:
    """Values that come from the scene; awaited where they take a call."""

    async def make(scene: Scene) -> Json:
        made: Json = {}
        for name, value in args.items():
            got = value(scene)
            made[name] = await got if hasattr(got, "__await__") else got
        return made

    return make


def is_(value: Any) -> Callable[[Scene], Any]:
    return lambda scene: value


_support = is_(SUPPORT)
_nowhere = is_("C0NOWHERE")
_out = Scene.without_app
_asked = lambda scene: scene.asked  # noqa: E731
_answered = lambda scene: scene.answered  # noqa: E731
_trigger = lambda scene: scene.trigger  # noqa: E731
_text = is_("Hello")
_never = is_("1.000001")

HAPPY: dict[str, Args] = {
    "api.test": _given(foo="bar"),
    "auth.test": _given(),
    "apps.connections.open": _given(),
    "chat.postMessage": _given(channel=SUPPORT, text="Hello"),
    "chat.update": _filled(channel=_support, ts=_answered, text=_text),
    "chat.delete": _filled(channel=_support, ts=_answered),
    "chat.postEphemeral": _given(channel=SUPPORT, user=ANA, text="Psst"),
    "chat.getPermalink": _filled(channel=_support, message_ts=_asked),
    "chat.startStream": _filled(
        channel=_support,
        thread_ts=_asked,
        recipient_user_id=is_(ANA),
        recipient_team_id=is_("T0PRACTICE"),
    ),
    "chat.appendStream": _filled(channel=_support, ts=Scene.stream, markdown_text=_text),
    "chat.stopStream": _filled(channel=_support, ts=Scene.stream),
    "conversations.open": _given(users=ANA),
    "conversations.info": _given(channel=SUPPORT),
    "conversations.list": _given(types="public_channel,im"),
    "conversations.members": _given(channel=SUPPORT),
    "conversations.history": _given(channel=SUPPORT),
    "conversations.replies": _filled(channel=_support, ts=_asked),
    "files.getUploadURLExternal": _given(filename="notes.txt", length=5),
    "files.completeUploadExternal": _filled(files=Scene.uploaded, channel_id=_support),
    "files.info": _filled(file=Scene.attached),
    "users.info": _given(user=ANA),
    "users.list": _given(),
    "users.conversations": _given(user=ANA),
    "views.open": _filled(trigger_id=_trigger, view=is_(modal())),
    "views.push": _filled(trigger_id=_trigger, view=is_(modal())),
    "views.publish": _given(user_id=ANA, view=home()),
    "reactions.add": _filled(channel=_support, timestamp=_asked, name=is_("eyes")),
    "reactions.remove": _filled(channel=_support, timestamp=Scene.reacted, name=is_("eyes")),
    "reactions.get": _filled(channel=_support, timestamp=Scene.reacted),
    "agents.sessions.setStatus": _filled(
        channel_id=_support, thread_ts=_asked, status=is_("processing")
    ),
    "agents.sessions.rename": _filled(
        channel_id=_support, thread_ts=Scene.worked_on, title=is_("Order 4711")
    ),
    "assistant.threads.setStatus": _filled(
        channel_id=_support, thread_ts=_asked, status=is_("is reading the shop")
    ),
    "assistant.threads.setSuggestedPrompts": _given(
        channel_id="D0ANA", prompts=[{"title": "Order", "message": "Where is order 4711?"}]
    ),
    "assistant.threads.setTitle": _filled(channel_id=_support, thread_ts=_asked, title=_text),
    "bots.info": _given(bot="B0SIGNOFF"),
    "team.info": _given(),
    "usergroups.list": _given(include_users=True),
    "usergroups.users.list": _given(usergroup="S0FINANCE"),
}


async def _open_modal(scene: Scene) -> Json:
    return {"view_id": (await scene.view())["id"], "view": modal(section("New"))}


async def _stale_modal(scene: Scene) -> Json:
    return {"view_id": (await scene.view())["id"], "view": modal(), "hash": "old"}


async def _twin_modal(scene: Scene) -> Json:
    await scene.view(external_id="one")
    other = await scene.bench.call("views.publish", {"user_id": ANA, "view": home()})
    return {"view_id": other["view"]["id"], "view": {**home(), "external_id": "one"}}


async def _stale_home(scene: Scene) -> Json:
    await scene.bench.call("views.publish", {"user_id": ANA, "view": home()})
    return {"user_id": ANA, "view": home(), "hash": "old"}


async def _crowded(scene: Scene) -> str:
    return await scene.reacted(*(f"e{number}" for number in range(50)))


async def _twin(scene: Scene) -> str:
    await scene.view(external_id="one")
    return scene.trigger


async def _id_of(scene: Scene) -> str:
    return str((await scene.view())["id"])


async def _with_named(scene: Scene) -> str:
    await scene.view(external_id="one")
    return ANA


HAPPY["views.update"] = _open_modal

BIG_VIEW = modal(*([{**section("x" * 3000)}] * 90))
BIG_HOME = home(*([{**section("x" * 3000)}] * 90))
_NAMED = {**modal(), "external_id": "one"}


def _content_errors(**where: Callable[[Scene], Any]) -> dict[str, Args]:
    def given(**content: Any) -> Args:
        return _filled(**where, **{name: is_(value) for name, value in content.items()})

    return {
        "no_text": given(),
        "msg_too_long": given(text="x" * 40_001),
        "msg_blocks_too_long": given(text="t", blocks=LONG_MARKDOWN),
        "invalid_blocks": given(text="t", blocks=[{"type": "carousel"}]),
        "invalid_blocks_format": given(text="t", blocks="not json"),
        "markdown_text_conflict": given(text="t", markdown_text="m"),
        "too_many_attachments": given(text="t", attachments=[{}] * 101),
        "invalid_attachments": given(text="t", blocks=TWO_TABLES),
    }


def _metadata_errors(**where: Callable[[Scene], Any]) -> dict[str, Args]:
    big = {"event_type": "x", "event_payload": {"x": "x" * 20_000}}
    return {
        "invalid_metadata_format": _filled(**where, metadata=is_("not json")),
        "invalid_metadata_schema": _filled(**where, metadata=is_({"event_type": 1})),
        "metadata_too_large": _filled(**where, metadata=is_(big)),
    }


def _no_channel(**rest: Callable[[Scene], Any]) -> dict[str, Args]:
    return {"channel_not_found": _filled(channel=_nowhere, **rest)}


def _out_of_channel(**rest: Callable[[Scene], Any]) -> dict[str, Args]:
    return {"not_in_channel": _filled(channel=_out, **rest)}


def _pages(**rest: Callable[[Scene], Any]) -> dict[str, Args]:
    return {
        "invalid_cursor": _filled(**rest, cursor=is_("nonsense")),
        "invalid_limit": _filled(**rest, limit=is_(0)),
    }


def _times(**rest: Callable[[Scene], Any]) -> dict[str, Args]:
    return {
        "invalid_ts_latest": _filled(**rest, latest=is_("noon")),
        "invalid_ts_oldest": _filled(**rest, oldest=is_("noon")),
    }


def _triggers() -> dict[str, Args]:
    view = is_(modal())
    return {
        "invalid_trigger_id": _given(trigger_id="1.2.x", view=modal()),
        "expired_trigger_id": _filled(trigger_id=Scene.old_trigger, view=view),
        "exchanged_trigger_id": _filled(trigger_id=Scene.used_trigger, view=view),
        "duplicate_external_id": _filled(trigger_id=_twin, view=is_(_NAMED)),
        "view_too_large": _filled(trigger_id=_trigger, view=is_(BIG_VIEW)),
    }


def _chunk_errors(**where: Callable[[Scene], Any]) -> dict[str, Args]:
    """`where` must say where a stream goes on, or begins, in chunks."""

    def chunks(*given: Json, **more: Any) -> Args:
        return _filled(**where, chunks=is_(given), **{k: is_(v) for k, v in more.items()})

    text = {"type": "markdown_text", "text": "x"}
    sections = {"type": "blocks", "blocks": [section()] * 26}
    return {
        "cannot_provide_both_markdown_text_and_chunks": chunks(text, markdown_text="x"),
        "invalid_chunks": chunks({"type": "video"}),
        "invalid_blocks": chunks({"type": "blocks", "blocks": [{"type": "carousel"}]}),
        "msg_too_long": chunks(*([{**text, "text": "x" * 6001}] * 2)),
        "msg_blocks_too_long": chunks({"type": "blocks", "blocks": LONG_MARKDOWN}),
        "msg_blocks_too_many": chunks(sections, sections),
        "invalid_attachments": chunks({"type": "blocks", "blocks": TWO_TABLES}),
    }


_streaming = {"channel": _support, "ts": Scene.chunked_stream}
_not_streaming = {
    **_no_channel(ts=_answered),
    "message_not_found": _filled(channel=_support, ts=_never),
    "message_not_owned_by_app": _filled(channel=_support, ts=_asked, markdown_text=_text),
    "message_not_in_streaming_state": _filled(
        channel=_support, ts=Scene.old_stream, markdown_text=_text
    ),
    "streaming_mode_mismatch": _filled(**_streaming, markdown_text=_text),
    **_chunk_errors(**_streaming),
}
_starting = {
    "thread_ts": _asked,
    "recipient_user_id": is_(ANA),
    "recipient_team_id": is_("T0PRACTICE"),
}
_item = {"channel": _support, "timestamp": _asked}

ERRORS: dict[str, dict[str, Args]] = {
    "chat.postMessage": {
        **_content_errors(channel=_support),
        **_metadata_errors(channel=_support, text=_text),
        **_no_channel(text=_text),
        **_out_of_channel(text=_text),
        "cannot_reply_to_message": _given(channel=SUPPORT, text="t", thread_ts="1.000001"),
    },
    "chat.update": {
        **_content_errors(channel=_support, ts=_answered),
        **_metadata_errors(channel=_support, ts=_answered, text=_text),
        **_no_channel(ts=_answered, text=_text),
        "message_not_found": _filled(channel=_support, ts=_never, text=_text),
        "cant_update_message": _filled(channel=_support, ts=_asked, text=_text),
        "streaming_state_conflict": _filled(channel=_support, ts=Scene.stream, text=_text),
    },
    "chat.delete": {
        **_no_channel(ts=_answered),
        "message_not_found": _filled(channel=_support, ts=_never),
        "cant_delete_message": _filled(channel=_support, ts=_asked),
    },
    "chat.postEphemeral": {
        **_content_errors(channel=_support, user=is_(ANA)),
        **_no_channel(user=is_(ANA), text=_text),
        **_out_of_channel(user=is_(ANA), text=_text),
        "user_not_in_channel": _given(channel=SUPPORT, user="U0GITA", text="t"),
    },
    "chat.getPermalink": {
        **_no_channel(message_ts=_asked),
        "message_not_found": _given(channel=SUPPORT, message_ts="1.000001"),
    },
    "chat.startStream": {
        **_no_channel(**_starting),
        **_out_of_channel(**_starting),
        "message_not_found": _filled(**{**_starting, "thread_ts": _never}, channel=_support),
        "missing_recipient_user_id": _filled(channel=_support, thread_ts=_asked),
        "missing_recipient_team_id": _filled(
            channel=_support, thread_ts=_asked, recipient_user_id=is_(ANA)
        ),
        "user_not_found": _filled(
            **{**_starting, "recipient_user_id": is_("U0NOBODY")}, channel=_support
        ),
        **_chunk_errors(**_starting, channel=_support),
    },
    "chat.appendStream": {
        **_not_streaming,
        "markdown_text_or_chunks_required": _filled(**_streaming),
        "stopped_by_user": _filled(channel=_support, ts=Scene.stopped_stream, markdown_text=_text),
    },
    "chat.stopStream": {
        **_not_streaming,
        **_metadata_errors(**_streaming),
        "no_text": _filled(channel=_support, ts=Scene.empty_stream),
        "invalid_blocks_format": _filled(**_streaming, blocks=is_("not json")),
    },
    "conversations.open": {
        "users_list_not_supplied": _given(),
        "user_not_found": _given(users="U0NOBODY"),
        "user_disabled": _given(users="U0GONE"),
        "cannot_dm_bot": _given(users="U0BOTTY"),
        "too_many_users": _given(users="U0ANA,U0FINN"),
        **_no_channel(),
    },
    "conversations.info": _no_channel(),
    "conversations.list": {"invalid_types": _given(types="secret"), **_pages()},
    "conversations.members": {**_no_channel(), **_pages(channel=_support)},
    "conversations.history": {
        **_no_channel(),
        **_out_of_channel(),
        **_pages(channel=_support),
        **_times(channel=_support),
    },
    "conversations.replies": {
        **_no_channel(ts=_asked),
        **_out_of_channel(ts=_asked),
        "thread_not_found": _filled(channel=_support, ts=_never),
        **_pages(channel=_support, ts=_asked),
        **_times(channel=_support, ts=_asked),
    },
    "files.getUploadURLExternal": {
        "missing_argument": _given(filename="a.txt", length=0),
        "alt_txt_too_large": _given(filename="a.png", length=5, alt_txt="x" * 1001),
        "file_upload_size_restricted": _given(filename="a.txt", length=2**30),
        "snippet_too_large": _given(filename="a.py", length=2**20 + 1, snippet_type="python"),
    },
    "files.completeUploadExternal": {
        "channel_not_found": _filled(files=Scene.uploaded, channel_id=_nowhere),
        "channels_limit_exceeded": _filled(
            files=Scene.uploaded, channels=is_(",".join(f"C{n}" for n in range(101)))
        ),
        "file_not_found": _given(files=[{"id": "F0NONE"}], channel_id=SUPPORT),
        "invalid_blocks": _filled(
            files=Scene.uploaded, channel_id=_support, blocks=is_([{"type": "carousel"}])
        ),
        "not_in_channel": _filled(files=Scene.uploaded, channel_id=_out),
    },
    "files.info": {
        "file_not_found": _given(file="F0NONE"),
        "not_visible": _filled(file=Scene.out_of_sight),
    },
    "users.info": {"user_not_found": _given(user="U0NOBODY")},
    "users.list": _pages(),
    "users.conversations": {
        "user_not_found": _given(user="U0NOBODY"),
        "invalid_types": _given(types="secret"),
        **_pages(),
    },
    "views.open": _triggers(),
    "views.push": {
        **_triggers(),
        "push_limit_reached": _filled(trigger_id=Scene.three_modals, view=is_(modal())),
    },
    "views.update": {
        "not_found": _given(view_id="V0NONE", view=modal()),
        "hash_conflict": _stale_modal,
        "duplicate_external_id": _twin_modal,
        "view_too_large": _filled(view_id=_id_of, view=is_(BIG_VIEW)),
    },
    "views.publish": {
        "user_not_found": _given(user_id="U0NOBODY", view=home()),
        "hash_conflict": _stale_home,
        "duplicate_external_id": _filled(
            user_id=_with_named, view=is_({**home(), "external_id": "one"})
        ),
        "view_too_large": _given(user_id=ANA, view=BIG_HOME),
    },
    "reactions.add": {
        "no_item_specified": _given(name="eyes"),
        "invalid_name": _filled(**_item, name=is_("not a name")),
        **_no_channel(timestamp=_asked, name=is_("eyes")),
        "message_not_found": _filled(channel=_support, timestamp=_never, name=is_("eyes")),
        "already_reacted": _filled(channel=_support, timestamp=Scene.reacted, name=is_("eyes")),
        "too_many_emoji": _filled(channel=_support, timestamp=_crowded, name=is_("eyes")),
    },
    "reactions.remove": {
        "no_item_specified": _given(name="eyes"),
        "invalid_name": _filled(**_item, name=is_("not a name")),
        **_no_channel(timestamp=_asked, name=is_("eyes")),
        "message_not_found": _filled(channel=_support, timestamp=_never, name=is_("eyes")),
        "no_reaction": _filled(**_item, name=is_("eyes")),
    },
    "reactions.get": {
        "no_item_specified": _given(),
        **_no_channel(timestamp=_asked),
        "message_not_found": _filled(channel=_support, timestamp=_never),
    },
    "agents.sessions.setStatus": {
        "channel_not_found": _given(channel_id="C0NOWHERE", thread_ts="1.1", status="active"),
        "invalid_status": _filled(channel_id=_support, thread_ts=_asked, status=is_("asleep")),
        "not_authorized": _filled(channel_id=_out, thread_ts=_asked, status=is_("active")),
        "thread_ts_required": _given(channel_id=SUPPORT, status="active"),
        "user_not_found": _filled(
            channel_id=_support,
            thread_ts=_asked,
            status=is_("active"),
            initiator_user_id=is_("U0NOBODY"),
        ),
    },
    "agents.sessions.rename": {
        "channel_not_found": _given(channel_id="C0NOWHERE", thread_ts="1.1", title="t"),
        "not_authorized": _filled(channel_id=_out, thread_ts=_asked, title=_text),
        "session_not_found": _filled(channel_id=_support, thread_ts=_asked, title=_text),
        "thread_ts_required": _given(channel_id=SUPPORT, title="t"),
    },
    "assistant.threads.setStatus": {
        "channel_not_found": _given(channel_id="C0NOWHERE", thread_ts="1.000001"),
        "not_in_channel": _filled(channel_id=_out, thread_ts=_asked),
        "thread_not_found": _given(channel_id=SUPPORT, thread_ts="1.000001", status="s"),
    },
    "assistant.threads.setSuggestedPrompts": {
        "channel_not_found": _given(channel_id="D0NOBODY", prompts=[]),
        "thread_not_found": _given(channel_id="D0ANA", thread_ts="1.000001", prompts=[]),
        "too_many_prompts": _given(
            channel_id="D0ANA", prompts=[{"title": "t", "message": "m"}] * 5
        ),
    },
    "assistant.threads.setTitle": {
        "channel_not_found": _given(channel_id="C0NOWHERE", thread_ts="1.000001", title="t"),
        "thread_not_found": _given(channel_id=SUPPORT, thread_ts="1.000001", title="t"),
    },
    "bots.info": {"bot_not_found": _given(bot="B0NONE")},
    "team.info": {"team_not_found": _given(team="T0NONE")},
    "usergroups.users.list": {"no_such_subteam": _given(usergroup="S0NONE")},
}
