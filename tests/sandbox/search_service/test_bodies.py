import pytest
from pydantic import ValidationError

from sojourn.sandbox.search_service.bodies import DatasourceBody, DocumentBody, SearchBody


def test_names_on_the_wire_are_in_camel_case() -> None:
    body = DocumentBody.model_validate({"datasource": "jira", "id": "a", "viewURL": "https://x/a"})
    assert body.view_url == "https://x/a"
    assert body.model_dump(by_alias=True)["viewURL"] == "https://x/a"


def test_what_is_not_read_is_let_through_and_a_configuration_keeps_it() -> None:
    assert SearchBody.model_validate({"query": "a", "trackingToken": "t"}).page_size == 10
    config = DatasourceBody.model_validate({"name": "jira", "iconUrl": "https://x/i"})
    assert config.model_dump(by_alias=True)["iconUrl"] == "https://x/i"


def test_pages_of_results_have_bounds() -> None:
    for size in (0, 2001):
        with pytest.raises(ValidationError, match="pageSize"):
            SearchBody.model_validate({"query": "a", "pageSize": size})
