"""Every method this workspace knows: arguments, scopes, rate limit and error codes, as data.

From https://docs.slack.dev/reference/methods; `row.py` says how to read it.
"""

from sandbox.slack.methods.row import Method, row

#: Calls per minute of Slack's tiers. https://docs.slack.dev/apis/web-api/rate-limits
TIER_1, TIER_2, TIER_3, TIER_4 = 1, 20, 50, 100
#: `chat.postMessage` and `chat.postEphemeral`: about one a second in each channel.
PER_CHANNEL = 60
UNLIMITED = 100_000

#: What every method can answer.
COMMON_ERRORS = (
    "not_authed",
    "invalid_auth",
    "not_allowed_token_type",
    "missing_scope",
    "invalid_arguments",
    "invalid_json",
    "json_not_object",
    "unknown_method",
    "ratelimited",
)

_LOOK = "icon_emoji icon_url username"
_CONTENT = "attachments:list blocks:list markdown_text text"
_CONTENT_ERRORS = (
    "no_text msg_too_long msg_blocks_too_long invalid_blocks invalid_blocks_format "
    "markdown_text_conflict too_many_attachments invalid_attachments"
)
_CHUNK_ERRORS = (
    "cannot_provide_both_markdown_text_and_chunks invalid_chunks invalid_blocks msg_too_long "
    "msg_blocks_too_long msg_blocks_too_many invalid_attachments"
)
_STREAM_ERRORS = (
    "channel_not_found message_not_found message_not_owned_by_app message_not_in_streaming_state "
    "streaming_mode_mismatch"
)
_PAGE = "cursor limit:int"
_TRIGGER_ERRORS = "invalid_trigger_id expired_trigger_id exchanged_trigger_id"

_ROWS = (
    row("api.test", TIER_4, optional="error foo", takes="none"),
    row("auth.test", UNLIMITED),
    row("apps.connections.open", TIER_1, scopes="connections:write", takes="app"),
    row(
        "chat.postMessage",
        PER_CHANNEL,
        required="channel",
        optional=f"{_CONTENT} {_LOOK} as_user:bool container_id link_names:bool metadata:object "
        "mrkdwn:bool parse reply_broadcast:bool thread_ts unfurl_links:bool unfurl_media:bool",
        scopes="chat:write",
        errors=f"channel_not_found not_in_channel {_CONTENT_ERRORS} cannot_reply_to_message "
        "invalid_metadata_format invalid_metadata_schema metadata_too_large",
    ),
    row(
        "chat.update",
        TIER_3,
        required="channel ts",
        optional=f"{_CONTENT} as_user:bool file_ids link_names:bool metadata:object parse "
        "reply_broadcast:bool",
        scopes="chat:write",
        errors=f"channel_not_found message_not_found cant_update_message {_CONTENT_ERRORS} "
        "streaming_state_conflict "
        "invalid_metadata_format invalid_metadata_schema metadata_too_large",
    ),
    row(
        "chat.delete",
        TIER_3,
        required="channel ts",
        optional="as_user:bool",
        scopes="chat:write",
        errors="channel_not_found message_not_found cant_delete_message",
    ),
    row(
        "chat.postEphemeral",
        PER_CHANNEL,
        required="channel user",
        optional=f"{_CONTENT} {_LOOK} as_user:bool link_names:bool parse thread_ts",
        scopes="chat:write",
        errors=f"channel_not_found not_in_channel user_not_in_channel {_CONTENT_ERRORS}",
    ),
    row(
        "chat.getPermalink",
        UNLIMITED,
        required="channel message_ts",
        errors="channel_not_found message_not_found",
    ),
    row(
        "chat.startStream",
        TIER_2,
        required="channel thread_ts",
        optional=f"markdown_text chunks:list recipient_team_id recipient_user_id {_LOOK} "
        "task_display_mode",
        scopes="chat:write",
        errors="channel_not_found not_in_channel message_not_found missing_recipient_user_id "
        f"missing_recipient_team_id user_not_found {_CHUNK_ERRORS}",
    ),
    row(
        "chat.appendStream",
        TIER_4,
        required="channel ts",
        optional="markdown_text chunks:list",
        scopes="chat:write",
        errors=f"{_STREAM_ERRORS} stopped_by_user markdown_text_or_chunks_required {_CHUNK_ERRORS}",
    ),
    row(
        "chat.stopStream",
        TIER_2,
        required="channel ts",
        optional="markdown_text chunks:list blocks:list metadata:object session_status",
        scopes="chat:write",
        errors=f"{_STREAM_ERRORS} {_CHUNK_ERRORS} no_text invalid_blocks_format "
        "invalid_metadata_format invalid_metadata_schema metadata_too_large",
    ),
    row(
        "conversations.open",
        TIER_3,
        optional="channel users prevent_creation:bool return_im:bool",
        scopes="im:write",
        errors="users_list_not_supplied user_not_found user_disabled cannot_dm_bot "
        "channel_not_found too_many_users",
    ),
    row(
        "conversations.info",
        TIER_3,
        required="channel",
        optional="include_locale:bool include_num_members:bool",
        scopes="{kind}:read",
        errors="channel_not_found",
    ),
    row(
        "conversations.list",
        TIER_2,
        optional=f"{_PAGE} exclude_archived:bool types",
        scopes="channels:read im:read",
        errors="invalid_types invalid_cursor invalid_limit",
    ),
    row(
        "conversations.members",
        TIER_4,
        required="channel",
        optional=_PAGE,
        scopes="{kind}:read",
        errors="channel_not_found invalid_cursor invalid_limit",
    ),
    row(
        "conversations.history",
        TIER_3,
        required="channel",
        optional=f"{_PAGE} include_all_metadata:bool inclusive:bool latest oldest",
        scopes="{kind}:history",
        errors="channel_not_found not_in_channel invalid_cursor invalid_limit "
        "invalid_ts_latest invalid_ts_oldest",
    ),
    row(
        "conversations.replies",
        TIER_3,
        required="channel ts",
        optional=f"{_PAGE} include_all_metadata:bool inclusive:bool latest oldest",
        scopes="{kind}:history",
        errors="channel_not_found not_in_channel thread_not_found invalid_cursor invalid_limit "
        "invalid_ts_latest invalid_ts_oldest",
    ),
    row(
        "files.getUploadURLExternal",
        TIER_4,
        required="filename=missing_argument length:int=missing_argument",
        optional="alt_txt snippet_type",
        scopes="files:write",
        errors="missing_argument alt_txt_too_large file_upload_size_restricted snippet_too_large",
    ),
    row(
        "files.completeUploadExternal",
        TIER_4,
        required="files:list",
        optional=f"channel_id channels thread_ts initial_comment blocks:list {_LOOK}",
        scopes="files:write",
        errors="channel_not_found channels_limit_exceeded file_not_found invalid_blocks "
        "not_in_channel",
    ),
    row(
        "files.info",
        TIER_4,
        required="file",
        optional="count:int cursor limit:int page:int",
        scopes="files:read",
        errors="file_not_found not_visible",
    ),
    row(
        "users.info",
        TIER_4,
        required="user",
        optional="include_locale:bool",
        scopes="users:read",
        errors="user_not_found",
    ),
    row(
        "users.list",
        TIER_2,
        optional=f"{_PAGE} include_locale:bool",
        scopes="users:read",
        errors="invalid_cursor invalid_limit",
    ),
    row(
        "users.conversations",
        TIER_3,
        optional=f"{_PAGE} exclude_archived:bool types user",
        scopes="channels:read im:read",
        errors="user_not_found invalid_types invalid_cursor invalid_limit",
    ),
    row(
        "views.open",
        TIER_4,
        required="trigger_id view:object",
        optional="interactivity_pointer",
        errors=f"{_TRIGGER_ERRORS} duplicate_external_id view_too_large",
    ),
    row(
        "views.push",
        TIER_4,
        required="trigger_id view:object",
        optional="interactivity_pointer",
        errors=f"{_TRIGGER_ERRORS} duplicate_external_id view_too_large push_limit_reached",
    ),
    row(
        "views.update",
        TIER_4,
        required="view:object",
        optional="view_id external_id hash",
        errors="not_found hash_conflict duplicate_external_id view_too_large",
    ),
    row(
        "views.publish",
        TIER_4,
        required="user_id view:object",
        optional="hash",
        errors="user_not_found hash_conflict duplicate_external_id view_too_large",
    ),
    row(
        "reactions.add",
        TIER_3,
        required="channel=no_item_specified timestamp=no_item_specified name=invalid_name",
        scopes="reactions:write",
        errors="no_item_specified invalid_name channel_not_found message_not_found "
        "already_reacted too_many_emoji",
    ),
    row(
        "reactions.remove",
        TIER_2,
        required="name=invalid_name",
        optional="channel timestamp file file_comment",
        scopes="reactions:write",
        errors="no_item_specified invalid_name channel_not_found message_not_found no_reaction",
    ),
    row(
        "reactions.get",
        TIER_3,
        optional="channel timestamp file file_comment full:bool",
        scopes="reactions:read",
        errors="no_item_specified channel_not_found message_not_found",
    ),
    row(
        "agents.sessions.setStatus",
        TIER_3,
        required="status",
        optional=f"channel_id thread_ts title initiator_user_id {_LOOK}",
        scopes="chat:write",
        errors="channel_not_found invalid_status not_authorized thread_ts_required user_not_found",
    ),
    row(
        "agents.sessions.rename",
        TIER_3,
        required="title",
        optional="channel_id thread_ts",
        scopes="chat:write",
        errors="channel_not_found not_authorized session_not_found thread_ts_required",
    ),
    row(
        "assistant.threads.setStatus",
        UNLIMITED,
        required="channel_id thread_ts",
        optional=f"status loading_messages:list {_LOOK}",
        scopes="assistant:write chat:write",
        errors="channel_not_found not_in_channel thread_not_found",
    ),
    row(
        "assistant.threads.setSuggestedPrompts",
        UNLIMITED,
        required="channel_id prompts:list",
        optional="thread_ts title",
        scopes="assistant:write",
        errors="channel_not_found thread_not_found too_many_prompts",
    ),
    row(
        "assistant.threads.setTitle",
        UNLIMITED,
        required="channel_id thread_ts title",
        scopes="assistant:write",
        errors="channel_not_found thread_not_found",
    ),
    row(
        "bots.info",
        TIER_3,
        optional="bot",
        scopes="users:read",
        errors="bot_not_found",
    ),
    row(
        "team.info",
        TIER_3,
        optional="team domain include_slackbot_availability:bool",
        scopes="team:read",
        errors="team_not_found",
    ),
    row(
        "usergroups.list",
        TIER_2,
        optional="include_count:bool include_disabled:bool include_users:bool",
        scopes="usergroups:read",
    ),
    row(
        "usergroups.users.list",
        TIER_2,
        required="usergroup",
        optional="include_disabled:bool",
        scopes="usergroups:read",
        errors="no_such_subteam",
    ),
)

TABLE: dict[str, Method] = {method.name: method for method in _ROWS}
