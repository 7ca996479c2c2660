"""A small office to practise in: a shop, a mailbox, a calendar and a folder of documents.

Lives here: the counterparts that connectors talk to, their seeds, and what tests use to start them.
Must not live here: anything the product needs to run.
"""
