"""The bodies of requests, as far as the service reads them; other fields are let through unread."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Name = Annotated[str, Field(min_length=1, max_length=200)]


class Body(BaseModel):
    """On the wire, the fields are written in camel case."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True
    )


class UserReference(Body):
    """A person, by email or by the data source's own id."""

    email: str | None = None
    datasource_user_id: str | None = None


class PermissionsBody(Body):
    """Who may see a document; nobody, if nothing is said."""

    allowed_users: tuple[UserReference, ...] = ()
    allowed_groups: tuple[str, ...] = ()
    allow_anonymous_access: bool = False
    allow_all_datasource_users_access: bool = False


class ContentBody(Body):
    """A text; binary contents are not read."""

    mime_type: str = "text/plain"
    text_content: str | None = None


class DocumentBody(Body):
    """A document to be indexed."""

    datasource: Name
    id: Name
    object_type: str = ""
    title: str = ""
    view_url: str | None = Field(default=None, alias="viewURL")
    summary: ContentBody | None = None
    body: ContentBody | None = None
    permissions: PermissionsBody = PermissionsBody()
    updated_at: int | None = None


class DatasourceBody(Body):
    """The configuration of a data source."""

    model_config = ConfigDict(extra="allow")

    name: Name
    display_name: str | None = None
    home_url: str | None = None
    identity_datasource_name: str | None = None
    product_access_group: str | None = None
    is_test_datasource: bool = False


class PageBody(Body):
    """One page of a bulk upload."""

    upload_id: Name
    datasource: Name
    is_first_page: bool = False
    is_last_page: bool = False
    force_restart_upload: bool = False


class DocumentsPage(PageBody):
    """Documents that replace all of the data source's when the upload ends."""

    documents: tuple[DocumentBody, ...]


class DocumentsBody(Body):
    """Documents added to a data source, or put in place of those with the same ids."""

    datasource: Name
    documents: tuple[DocumentBody, ...]


class DocumentNamed(Body):
    """One document, by its type and id."""

    datasource: str = ""
    object_type: str = ""
    id: str = ""
    doc_id: str = ""
    user_email: str = ""


class OneDocument(Body):
    """One document to be indexed."""

    document: DocumentBody


class UserBody(Body):
    """A person whom a data source knows."""

    email: Name
    name: str = ""
    user_id: str | None = None
    is_active: bool = True


class UsersPage(PageBody):
    """People who replace all of the data source's."""

    users: tuple[UserBody, ...]


class GroupBody(Body):
    """A group of people."""

    name: Name


class GroupsPage(PageBody):
    """Groups that replace all of the data source's."""

    groups: tuple[GroupBody, ...]


class MemberBody(Body):
    """A member of a group: a person or another group."""

    member_user_id: str | None = None
    member_group_name: str | None = None


class MembershipsPage(PageBody):
    """Members who replace all of one group's."""

    group: Name
    memberships: tuple[MemberBody, ...]


class DatasourceNamed(Body):
    """One data source."""

    datasource: Name


class SearchOptions(Body):
    """What a search is limited to."""

    datasource_filter: str | None = None
    datasources_filter: tuple[str, ...] = ()


class SearchBody(Body):
    """A search; ``cursor`` goes on where an earlier answer ended."""

    query: Annotated[str, Field(max_length=10_000)]
    page_size: Annotated[int, Field(ge=1, le=2000)] = 10
    cursor: str | None = None
    timeout_millis: Annotated[int, Field(ge=1)] | None = None
    request_options: SearchOptions = SearchOptions()


class DocumentsAsked(Body):
    """Documents by id or URL."""

    document_specs: tuple[dict[str, Any], ...]


class ConfigurationBody(Body):
    """Values of a data source's configuration or credentials."""

    values: dict[str, Any]


class ConfigurationChange(Body):
    """A change of configuration."""

    configuration: ConfigurationBody


class CredentialsChange(Body):
    """New credentials."""

    credentials: ConfigurationBody


class Searched(Body):
    """A search that somebody made; one request id is counted once."""

    email: str
    request_id: str | None = None


class ScenarioBody(Body):
    """What goes wrong, as a call's ``world`` input has it."""

    start: str | None = None
    spells: tuple[dict[str, Any], ...] = ()


class MendedBody(Body):
    """The agent whose work mends what it is to mend."""

    agent: Name


class RecordBody(Body):
    """Something that an agent remembers; ``data`` None forgets it."""

    kind: Name
    name: Name
    data: dict[str, Any] | None = None


class FeedbackBody(Body):
    """What somebody thought of results; one id counts once."""

    model_config = ConfigDict(extra="allow")

    tracking_tokens: tuple[str, ...]
    event: Name
    id: str | None = None


class IssueBody(Body):
    """A new issue."""

    title: Name
    labels: tuple[str, ...] = ()


class IssueChange(Body):
    """A change of an issue."""

    number: int = 0
    state: str = "closed"


class CredentialsBody(Body):
    """How a data source was set up: values of its configuration, and when its key was changed."""

    datasource: Name
    values: dict[str, Any] = {}
    rotated_at: str | None = None
