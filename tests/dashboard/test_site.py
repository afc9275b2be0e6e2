from sojourn.dashboard import Site
from tests.dashboard.life import Life


def test_a_site_has_what_wiring_gave_it(life: Life) -> None:
    site = life.app.state.site
    assert isinstance(site, Site)
    assert site.sign_in is None
    assert site.stream == "/api/v1/events/stream"
