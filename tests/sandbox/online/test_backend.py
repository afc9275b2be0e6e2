from dataclasses import replace

import httpx
import pytest

from sojourn.sandbox.online.backend import PAGE, Backend, ServiceError, slug
from sojourn.sandbox.online.connectors import document, upload
from sojourn.sandbox.online.directory import email
from sojourn.sandbox.search_service.tokens import Tokens
from tests.agents.servers import free_port
from tests.sandbox.online.desks import Site


async def test_large_uploads_go_in_pages(site: Site) -> None:
    await site.backend.index("adddatasource", name="jira")
    count = 2 * PAGE + 1
    every = [document("jira", "page", f"d{n}", "pump", None) for n in range(count)]
    await upload(site.backend, "jira", every)
    found = await site.backend.index("getdocumentcount", datasource="jira")
    assert found["documentCount"] == count
    await upload(site.backend, "jira", every[:1])
    found = await site.backend.index("getdocumentcount", datasource="jira")
    assert found["documentCount"] == 1


async def test_records_are_remembered_for_one_client(site: Site) -> None:
    await site.backend.remember("things", "one", {"a": 1})
    assert await site.backend.records("things") == {"one": {"a": 1}}
    other = Backend(site.backend.http, site.backend.url, site.backend.tokens, "siemens")
    assert await other.records("things") == {}
    await site.backend.forget("things", "one")
    assert await site.backend.records("things") == {}


async def test_refusals_say_whether_they_may_pass(site: Site) -> None:
    with pytest.raises(ServiceError, match="400 to api/index/v1/indexdocuments") as refused:
        await site.backend.index("indexdocuments", datasource="no", documents=[])
    assert not refused.value.passing
    await site.trouble({"kind": "errors"})
    with pytest.raises(ServiceError, match="500") as failed:
        await site.backend.search("pump", "ann@x")
    assert failed.value.passing


async def test_a_client_may_have_any_name(site: Site) -> None:
    names = ("St. Jude / Medical", "St. Jude & Medical", "Müller\r\nX: 1", "..", "a" * 300)
    assert len({slug(name) for name in names}) == len(names)
    assert slug("medtronic-2") == "medtronic-2"
    for name in names:
        backend = replace(site.backend, client=name)
        await backend.remember("things", "one", {"name": name})
        assert await backend.records("things") == {"one": {"name": name}}
        assert (await backend.search("pump", email(name, "user-1"))).ids == ()


async def test_a_service_that_is_gone_may_come_back() -> None:
    async with httpx.AsyncClient() as http:
        backend = Backend(http, f"http://127.0.0.1:{free_port()}", Tokens("s"), "medtronic")
        with pytest.raises(ServiceError, match="not reached") as error:
            await backend.sources()
    assert error.value.passing
