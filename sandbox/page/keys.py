"""What the page is told by whoever starts it, as keys of the aiohttp application."""

from aiohttp import web

#: Address of the practice office (shop, mailbox, calendar).
OFFICE = web.AppKey("OFFICE", str)
#: Address of the bot's own HTTP port, which tells the story of an action.
BOT = web.AppKey("BOT", str)
