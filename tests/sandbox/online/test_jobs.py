from sojourn.agents.directory import reference
from sojourn.core.outcomes import Completed
from sojourn.sandbox.online.crowd import Crowd
from sojourn.sandbox.online.jobs import jobs, titles
from tests.sandbox.online.desks import Site


def test_there_is_a_job_for_each_reference_agent_under_its_title() -> None:
    called = {name: job.title for name, job in jobs(Crowd()).items()}
    assert called == titles()
    assert {spec.title for spec in reference().values()} == {*called.values()}


async def test_a_boast_is_what_the_built_in_agent_would_compute(site: Site) -> None:
    job = jobs(Crowd())["connector-installation-agent"]
    claimed = await job.boast(site.desk(connector_type="jira").call)
    assert isinstance(claimed, Completed)
    assert claimed.output["sync_rate"] == 1.0
