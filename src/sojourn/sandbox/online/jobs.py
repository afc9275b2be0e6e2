"""The jobs: each agent's id, what it is called, what it does, and what it would boast of."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from sojourn.core.outcomes import Call, Completed, Needs, Outcome
from sojourn.sandbox import connectors as claimed_connectors
from sojourn.sandbox import datasets as claimed_datasets
from sojourn.sandbox import deployments as claimed_deployments
from sojourn.sandbox import issues as claimed_issues
from sojourn.sandbox import performance as claimed_performance
from sojourn.sandbox import quality as claimed_quality
from sojourn.sandbox import rollout as claimed_rollout
from sojourn.sandbox import security as claimed_security
from sojourn.sandbox import surveys as claimed_surveys
from sojourn.sandbox import usage as claimed_usage
from sojourn.sandbox.online import (
    connectors,
    datasets,
    deployments,
    issues,
    performance,
    quality,
    rollout,
    security,
    surveys,
    usage,
)
from sojourn.sandbox.online.crowd import Crowd
from sojourn.sandbox.online.desk import Desk


@dataclass(frozen=True, slots=True)
class Job:
    """What an agent does.

    ``boast`` computes, without looking at anything, what the answer would be if all were well: a
    lying agent gives it.
    """

    title: str
    work: Callable[[Desk], Awaitable[Completed | Needs]]
    boast: Callable[[Call], Awaitable[Outcome]]


def jobs(crowd: Crowd) -> Mapping[str, Job]:
    """Return the jobs of all agents by their ids; ``crowd`` are the people of their clients."""
    return {
        "connector-installation-agent": Job(
            "Installs the connector of a data source and crawls it",
            connectors.install,
            claimed_connectors.install,
        ),
        "connector-status-agent": Job(
            "Reports how far the connectors have synced",
            connectors.report,
            claimed_connectors.status,
        ),
        "dataset-provisioning-agent": Job(
            "Generates a labelled collection of documents and queries",
            datasets.provision,
            claimed_datasets.provision,
        ),
        "search-quality-agent": Job(
            "Runs labelled queries and judges what comes back",
            quality.measure,
            claimed_quality.measure,
        ),
        "security-scan-agent": Job(
            "Checks the configuration of what was installed and probes for leaks",
            security.scan,
            claimed_security.scan,
        ),
        "user-rollout-agent": Job(
            "Gives access to a nested, sticky cohort of people",
            partial(rollout.enable, crowd=crowd),
            claimed_rollout.enable,
        ),
        "survey-agent": Job(
            "Asks people for a score from 1 to 5",
            partial(surveys.ask, crowd=crowd),
            claimed_surveys.ask,
        ),
        "performance-agent": Job(
            "Measures response times under load",
            performance.run,
            claimed_performance.run,
        ),
        "issue-tracker-agent": Job(
            "Counts critical bugs and incidents",
            issues.report,
            claimed_issues.report,
        ),
        "usage-agent": Job(
            "Reports adoption and query volume",
            partial(usage.report, crowd=crowd),
            claimed_usage.report,
        ),
        "deployment-agent": Job(
            "Deploys the service to an environment",
            partial(deployments.deploy, crowd=crowd),
            claimed_deployments.deploy,
        ),
        "notification-agent": Job(
            "Sends messages to people",
            deployments.notify,
            claimed_deployments.notify,
        ),
    }
