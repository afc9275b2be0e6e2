from importlib.resources import files

import yaml

from sojourn.core.outcomes import Completed
from sojourn.sandbox.online.crowd import Crowd
from sojourn.sandbox.online.jobs import jobs
from tests.sandbox.online.desks import Site


def test_there_is_a_job_for_each_reference_agent_under_its_title() -> None:
    text = files("sojourn.sandbox").joinpath("agents.yaml").read_text()
    built_in = yaml.safe_load(text)["agents"]
    titles = {name: job.title for name, job in jobs(Crowd()).items()}
    assert titles == {name: entry["title"] for name, entry in built_in.items()}


async def test_a_boast_is_what_the_built_in_agent_would_compute(site: Site) -> None:
    job = jobs(Crowd())["connector-installation-agent"]
    claimed = await job.boast(site.desk(connector_type="jira").call)
    assert isinstance(claimed, Completed)
    assert claimed.output["sync_rate"] == 1.0
