"""Icons, drawn for this: one path each on a field of 16 by 16, stroked in the text's colour."""

from typing import Final

from markupsafe import Markup

PATHS: Final = {
    "home": "M2 7.5 8 2.5l6 5M3.5 6.5v7h9v-7M6.5 13.5v-4h3v4",
    "inbox": "M2 9l2-6h8l2 6v4.5H2zM2 9h3.5l1 2h3l1-2H14",
    "bell": "M4 11.5V7a4 4 0 0 1 8 0v4.5l1 1H3zM6.8 14h2.4",
    "agent": "M3 6h10v7H3zM8 6V3M6.5 3h3M6 9v1M10 9v1M1.5 9v2M14.5 9v2",
    "path": "M4 4.5a1.5 1.5 0 1 1 .01 0M12 14.5a1.5 1.5 0 1 1 .01 0M4 4.5v3a2 2 0 0 0 2 2h4a2 2 0"
    " 0 1 2 2",
    "chart": "M2.5 2.5v11h11M5 10.5l2.5-3 2 2 3.5-5",
    "info": "M8 14A6 6 0 1 1 8.01 14M8 7.5V11M8 5v.1",
    "check": "M3 8.5l3.2 3.2L13 5",
    "cross": "M4 4l8 8M12 4l-8 8",
    "clock": "M8 14A6 6 0 1 1 8.01 14M8 4.8V8l2.2 1.6",
    "pause": "M5.5 3.5v9M10.5 3.5v9",
    "play": "M5 3.5v9l7-4.5z",
    "stop": "M8 14A6 6 0 1 1 8.01 14M4 12 12 4",
    "undo": "M3.5 6.5h6a3.5 3.5 0 0 1 0 7H6M6.5 3.5l-3 3 3 3",
    "alert": "M8 2.5 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.1",
    "question": "M5.8 6a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.6M8 12v.1",
    "dot": "M8 9.6a1.6 1.6 0 1 1 .01 0",
    "up": "M8 13V3.5M4 7.5l4-4 4 4",
    "user": "M8 8a2.6 2.6 0 1 1 .01 0M3 13.8c.4-2.6 2.4-4 5-4s4.6 1.4 5 4",
    "users": "M6 8a2.3 2.3 0 1 1 .01 0M1.8 13.3c.3-2.2 2-3.4 4.2-3.4s3.9 1.2 4.2 3.4M10.5 3.8a2.2"
    " 2.2 0 0 1 0 4.2M12 10.1c1.4.4 2.2 1.5 2.4 3.2",
    "approve": "M8 1.8l5 2v4c0 3.2-2 5.2-5 6.4-3-1.2-5-3.2-5-6.4v-4zM5.6 8l1.7 1.7 3.1-3.3",
    "hourglass": "M4 2.5h8M4 13.5h8M5 2.5c0 3 2 3.8 3 5.5 1-1.7 3-2.5 3-5.5M5 13.5c0-3 2-3.8"
    " 3-5.5 1 1.7 3 2.5 3 5.5",
    "bolt": "M9 1.8 3.8 9H8l-1 5.2L12.2 7H8z",
    "waive": "M3 13.5V3M3 3.5c3.5-2 6 2 10 0v6c-4 2-6.5-2-10 0",
    "list": "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4v.1M2.5 8v.1M2.5 12v.1",
    "chat": "M2.5 3h11v8H7l-3 2.5V11H2.5z",
    "arrow": "M3 8h9.5M9 4.5 12.5 8 9 11.5",
    "back": "M13 8H3.5M7 4.5 3.5 8 7 11.5",
    "search": "M7 11.5A4.5 4.5 0 1 1 7.01 11.5M10.3 10.3 14 14",
    "download": "M8 2.5V10M4.8 7 8 10.2 11.2 7M3 13.5h10",
    "lock": "M4 7.5h8v6H4zM5.5 7.5V5.5a2.5 2.5 0 0 1 5 0v2",
    "retry": "M13 8a5 5 0 1 1-1.6-3.7M13.2 2.3v3h-3",
    "link": "M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 0 1 4.5 4.5L11.5 9M9 11.5 7.5 13A3 3 0 0 1 3"
    " 8.5L4.5 7",
    "sliders": "M3 4h5M11 4h2M8 2.5v3M3 8h1.5M7.5 8H13M4.5 6.5v3M3 12h6M12 12h1M9 10.5v3",
    "plus": "M8 3.5v9M3.5 8h9",
    "send": "M2 8 14 2.5 10.5 14 7.5 9zM7.5 9 14 2.5",
    "exit": "M9.5 3H3.5v10h6M7 8h6.5M11 5.5 13.5 8 11 10.5",
}


def icon(name: str) -> Markup:
    """Return an icon as SVG; it says nothing to a screen reader, the word beside it does."""
    drawn = PATHS.get(name, PATHS["dot"])
    frame = '<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">'
    return Markup(f'{frame}<path d="{drawn}"/></svg>')  # noqa: S704 -- all of it is ours
