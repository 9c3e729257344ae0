"""What one visitor may take, each with its reason; ``docs/deploying.md`` holds the same table for people."""

from __future__ import annotations

from attnviz.images.decode import MAX_BYTES

UPLOAD_BYTES = MAX_BYTES + 2**20
"""Most bytes of a multipart upload: the largest photograph and its envelope."""
OTHER_BYTES = 2**20
"""Most bytes of any other request: events carry names and numbers, so a picture as a ``data:`` URL does not fit."""
EVENT_VALUES = 20_000
"""Most values in one event; the page's largest holds some hundreds, and each costs time to look through."""
SMALL_EVENT = 2**12
"""Bytes up to which an event is looked through at once, in two milliseconds at most; larger ones are in a thread."""
EVENT_FILES = 16
"""Most files that one event may name: the page sends one at a time, and each is looked up on the disk."""
FRAME_BYTES = 2**18
"""Most bytes of a frame of a camera; one of 400 pixels has some 30,000."""
DEEPEST = 20
"""Deepest nesting of lists and objects in an event."""

ANSWER_VALUES = 300_000
"""Most gate values in one answer to a program, some 6 MB of JSON; of larger networks it names gates."""

WAITING = 128
"""Most events that wait: a class of forty, each with three clicks."""
WAITING_LANE = 96
"""Most events that wait in one lane, so that the other lanes stay open."""
WAITING_SESSION = 8
"""Most events of one session that wait: the page opens with fewer, and of several clicks it waits for the last."""
WAITING_ADDRESS = 64
"""Most events of one address that wait; a class behind one address shares it."""
LISTEN_SECONDS = 5.0
"""An event whose visitor has not begun to listen by then is not computed; the page listens at once."""
ANSWER_SECONDS = 15.0
"""An answer that nobody has begun to fetch by then is not kept: it may hold a photograph."""
SESSIONS_MESSAGES = 10_000
"""Sessions for which messages are kept: those of the last seconds, of which one address begins a thousand at most."""
QUEUE_SECONDS = 0.005
"""How often the queue is looked at for the next event: nobody sees five milliseconds, and one cost a twentieth of a
core while nothing happened."""
STATUS_SECONDS = 1.0
"""How often those who wait are told how many are in front of them."""

SESSIONS = 400
"""Visitors whose last analysis is kept; a few megabytes each."""
SESSIONS_ADDRESS = 100
"""Most of them from one address: its own oldest goes first, never somebody else's."""

PACE = 30.0
"""Requests a second of one address, by what they cost (``pace.cost``): fifteen photographs, half of what two cores
compute, and a tenth of the time of the loop that serves everybody."""
PACE_BURST = 600.0
"""Requests of an address at once before its pace counts: a class of forty opens the page, with its files and events."""
PACE_SECONDS = 5.0
"""How long a request that comes too fast waits; what would wait longer is refused then."""

CONNECTIONS = 512
"""Most open connections, and never more than half of what the system allows to open."""
HEAD_SECONDS = 10.0
"""A connection that has not sent a whole request head by then is closed."""
BODY_SECONDS = 20.0
"""A request whose body pauses for longer is given up."""

UPLOADS_BYTES = 4 * 2**30
"""Most bytes of uploads and downloads on the disk."""
UPLOADS_BYTES_ADDRESS = 2**30
"""Most bytes that one address may upload in ``UPLOADS_SECONDS``."""
UPLOAD_PARTS = 64
"""Most files and fields of one upload: each is a file on the disk, however small."""
PROGRESS_SECONDS = 10.0
"""How long after an upload its browser can ask how far it is."""
AGENT_SECONDS = 120.0
"""How long a tool call of an agent may take: it holds a thread."""
UPLOADS_SECONDS = 3600.0
"""How long an upload counts, and how often whole files are looked through."""
FILE_SECONDS = 6 * 3600.0
"""Age at which uploaded and downloaded files are deleted."""
PART_SECONDS = 60.0
"""Age at which half an upload, or an empty folder, is deleted; longer than a body may pause."""
SWEEP_SECONDS = 60.0
"""How often the folder of uploads is looked through."""

AUDIT_PHOTOGRAPHS = 5_000
"""Most photographs of an audit in the app: a validation set fits, and takes minutes; the command takes any number."""
AUDIT_ZIP_BYTES = 2**29
"""Most bytes of a ZIP of photographs: half of what an address may upload in an hour, so that there is a second try."""
AUDIT_UNPACKED_BYTES = 2**30
"""Most bytes that it may hold: photographs hardly shrink in a ZIP; what grows to more than twice is something else."""
AUDIT_DIRECTORY_BYTES = 2**22
"""Most bytes of the list of names in it, which is read whole: some hundred for each photograph."""
