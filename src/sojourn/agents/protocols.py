"""The registry of protocols: what each needs in an entry, how it is built, how it is checked."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

import httpx

from sojourn.agents.agent import Agent
from sojourn.agents.callbacks import Callbacks
from sojourn.agents.connections import Lines
from sojourn.agents.credentials import Credentials
from sojourn.agents.guard import Guard
from sojourn.agents.http import HttpAgent
from sojourn.agents.python import PythonAgent, load
from sojourn.agents.spec import AgentSpec
from sojourn.agents.wire import CONNECTIONS, client, patience

CHECK_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Around:
    """What agents are built with beside their entry."""

    guard: Guard
    callbacks: Callbacks | None = None
    lines: Lines = field(default_factory=Lines)


@dataclass(frozen=True, slots=True)
class Protocol:
    """One way to call an agent. ``check`` returns what there is to know, or raises."""

    build: Callable[[AgentSpec, Around], Agent]
    check: Callable[[AgentSpec, Around], Awaitable[Mapping[str, Any]]]
    needs: tuple[tuple[str, ...], ...]
    """Groups of keys of the entry; one key of each group must be there."""
    may: frozenset[str] = frozenset()
    """Keys of the entry that only some protocols know, and this one does."""
    idempotent: bool = False


def http_client(spec: AgentSpec, around: Around) -> httpx.AsyncClient:
    """Return the client of an agent that is called over HTTP."""
    auth = Credentials(spec.auth, spec.url) if spec.auth and spec.url else None
    connections = spec.max_concurrency or CONNECTIONS
    return client(around.guard, spec.max_answer_bytes, connections, auth, around.lines)


def _python(spec: AgentSpec, _: Around) -> Agent:
    return PythonAgent(load(spec.target or ""), spec.max_answer_bytes)


async def _check_python(spec: AgentSpec, _: Around) -> Mapping[str, Any]:
    work = load(spec.target or "")
    summary = (work.__doc__ or "").strip().split("\n")[0]
    return {"target": spec.target, "summary": summary}


def _http(spec: AgentSpec, around: Around) -> Agent:
    return HttpAgent(
        spec.url or "",
        http_client(spec, around),
        idempotent=idempotent(spec),
        callbacks=around.callbacks,
        by_callback=spec.completes == "callback",
        limit=spec.max_answer_bytes,
    )


async def _check_http(spec: AgentSpec, around: Around) -> Mapping[str, Any]:
    """Ask for the options of the URL: any answer but a refusal or a fault of the server will do."""
    async with http_client(spec, around) as asking:
        response = await asking.options(spec.url or "", timeout=patience(CHECK_SECONDS))
    if response.status_code in (401, 403) or response.status_code >= 500:
        raise httpx.HTTPStatusError(
            f"answered {response.status_code} {response.reason_phrase}",
            request=response.request,
            response=response,
        )
    return {"url": spec.url, "answered": response.status_code}


def _a2a(spec: AgentSpec, around: Around) -> Agent:
    from sojourn.agents.a2a import A2aAgent  # the SDK is large; only who uses it pays for it
    from sojourn.agents.a2a_stream import STREAMS, Streams

    # Streams leave most connections to sends and polls.
    streams = Streams(max(1, min(STREAMS, (spec.max_concurrency or CONNECTIONS) // 4)))
    return A2aAgent(
        spec.url or "",
        http_client(spec, around),
        idempotent=idempotent(spec),
        skill=spec.skill,
        callbacks=around.callbacks,
        limit=spec.max_answer_bytes,
        streams=streams,
    )


async def _check_a2a(spec: AgentSpec, around: Around) -> Mapping[str, Any]:
    from sojourn.agents.a2a import examined

    async with http_client(spec, around) as asking:
        async with asyncio.timeout(CHECK_SECONDS):
            return await examined(spec.url or "", asking, spec.skill)


def _mcp(spec: AgentSpec, around: Around) -> Agent:
    from sojourn.agents.mcp import build

    return build(spec, around.guard)


async def _check_mcp(spec: AgentSpec, around: Around) -> Mapping[str, Any]:
    from sojourn.agents.mcp import build

    async with asyncio.timeout(CHECK_SECONDS):
        return await build(spec, around.guard).tool()


PROTOCOLS: Final[dict[str, Protocol]] = {
    "python": Protocol(_python, _check_python, (("target",),), frozenset({"target"}), True),
    "mcp": Protocol(
        _mcp,
        _check_mcp,
        (("url", "command"), ("tool",)),
        frozenset({"url", "command", "env", "tool", "auth"}),
    ),
    "a2a": Protocol(_a2a, _check_a2a, (("url",),), frozenset({"url", "auth", "skill"})),
    "http": Protocol(
        _http, _check_http, (("url",),), frozenset({"url", "auth", "completes"}), True
    ),
}
"""A new protocol is a file of its own and a line here."""

PARTIAL: Final = ("url", "target", "command", "env", "tool", "skill", "auth", "completes")
"""Keys that only some protocols know."""


def faults(spec: AgentSpec) -> Iterator[tuple[str, str]]:
    """Yield the key and the message of everything in an entry that does not suit its protocol."""
    protocol = PROTOCOLS.get(spec.protocol)
    if protocol is None:
        close = get_close_matches(spec.protocol, PROTOCOLS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there is: {', '.join(PROTOCOLS)}"
        yield "protocol", f"there is no protocol {spec.protocol!r}; {hint}"
        return
    for group in protocol.needs:
        if not any(getattr(spec, key) for key in group):
            yield "protocol", f"{spec.protocol} needs {' or '.join(group)}"
    for key in PARTIAL:
        if getattr(spec, key) and key not in protocol.may:
            yield key, f"an agent of protocol {spec.protocol} has no {key}"


def idempotent(spec: AgentSpec) -> bool:
    """Say whether an agent may be asked again under the same key without doing a thing twice."""
    default = PROTOCOLS[spec.protocol].idempotent
    return default if spec.idempotent is None else spec.idempotent
