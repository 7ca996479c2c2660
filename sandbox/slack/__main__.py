"""`python -m sandbox slack`: serves one practice workspace on 127.0.0.1 until SIGTERM."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from core.clock import FileClock
from core.errors import ConfigError
from sandbox.slack.app import WORKSPACE, make_app
from sandbox.slack.settings import Manifest, Settings


def main(argv: Sequence[str]) -> int:
    """The command line; 2 when the configuration cannot be used."""
    try:
        settings = _settings(_parser().parse_args(argv))
        asyncio.run(_serve(settings))
    except ConfigError as error:
        print(error.sentence, file=sys.stderr)
        return 2
    return 0


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(make_app(settings, FileClock(settings.data / "clock")), access_log=None)
    await runner.setup()
    try:
        url = await _listen(runner, settings.port)
        print(json.dumps({"ready": "slack", "url": url}), flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int) -> str:
    try:
        await web.TCPSite(runner, "127.0.0.1", port, shutdown_timeout=1.0).start()
    except OSError as error:
        raise ConfigError(f"Port {port} is taken; choose another with --port.") from error
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    app = runner.app
    app[WORKSPACE].base_url = url
    return url


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(
        data=options.data,
        port=options.port,
        request_url=options.request_url,
        interactivity_url=options.interactivity_url,
        commands_url=options.commands_url,
        manifest=Manifest.load(options.manifest) if options.manifest else Manifest(),
        office=options.office,
        bot=options.bot,
        limits=options.limits == "on",
        ack_seconds=options.ack_seconds,
        trigger_seconds=options.trigger_seconds,
        retry_delays=options.retry_delays,
        stream_seconds=options.stream_seconds,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox slack", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=8300, help="0 takes a free one")
    add("--data", type=Path, default=Path("data"), help="folder for state, clock and pid files")
    add("--request-url", help="deliver by signed HTTP to this address instead of Socket Mode")
    add("--interactivity-url", help="clicks and modals, when not at --request-url")
    add("--commands-url", help="slash commands, when not at --request-url")
    add("--manifest", type=Path, help="the app's manifest.json: scopes, events, commands")
    add("--office", default="http://127.0.0.1:8302", help="the practice office, for the page")
    add("--bot", default="http://127.0.0.1:8307", help="the app's own address, for the page")
    add("--limits", choices=("on", "off"), default="off", help="enforce Slack's rate limits")
    add("--ack-seconds", type=float, default=3.0, help="how long the app has to acknowledge")
    add("--trigger-seconds", type=float, default=3.0, help="how long it has to open a modal")
    add("--retry-delays", type=_delays, default=(1.0, 60.0, 300.0), help="seconds, with commas")
    add("--stream-seconds", type=float, default=300.0, help="after which a stream is cut off")
    return parser


def _delays(text: str) -> tuple[float, ...]:
    return tuple(float(word) for word in text.split(",") if word)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
