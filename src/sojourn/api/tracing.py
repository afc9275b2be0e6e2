"""A span for each request, within the trace of whoever asks."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sojourn.control import traces


class Traced:
    """Stands before everything else; without anybody who traces it does nothing."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request as one span, named by its route."""
        if scope["type"] != "http" or not traces.live():
            return await self._app(scope, receive, send)
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        method, headers = scope["method"], Headers(scope=scope)
        with traces.span(method, headers, traces.SERVER) as span:
            await self._app(scope, receive, noted)
            route = getattr(scope.get("route"), "path", "unknown")
            span.update_name(f"{method} {route}")
            span.set_attribute("http.request.method", method)
            span.set_attribute("http.route", route)
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                traces.failed(span, str(status))
        return None
