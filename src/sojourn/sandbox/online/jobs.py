"""The jobs: each agent's id, what it is called, what it does, and what it would boast of."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files

import yaml

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

Work = Callable[[Desk], Awaitable[Completed | Needs]]
Boast = Callable[[Call], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Job:
    """What an agent does.

    ``boast`` computes, without looking at anything, what the answer would be if all were well: a
    lying agent gives it.
    """

    title: str
    work: Work
    boast: Boast


def jobs(crowd: Crowd) -> Mapping[str, Job]:
    """Return the jobs of all agents by their ids; ``crowd`` are the people of their clients."""
    work: Mapping[str, tuple[Work, Boast]] = {
        "connector-installation-agent": (connectors.install, claimed_connectors.install),
        "connector-status-agent": (connectors.report, claimed_connectors.status),
        "dataset-provisioning-agent": (datasets.provision, claimed_datasets.provision),
        "search-quality-agent": (quality.measure, claimed_quality.measure),
        "security-scan-agent": (security.scan, claimed_security.scan),
        "user-rollout-agent": (partial(rollout.enable, crowd=crowd), claimed_rollout.enable),
        "survey-agent": (partial(surveys.ask, crowd=crowd), claimed_surveys.ask),
        "performance-agent": (performance.run, claimed_performance.run),
        "issue-tracker-agent": (issues.report, claimed_issues.report),
        "usage-agent": (partial(usage.report, crowd=crowd), claimed_usage.report),
        "deployment-agent": (partial(deployments.deploy, crowd=crowd), claimed_deployments.deploy),
        "notification-agent": (deployments.notify, claimed_deployments.notify),
    }
    named = titles()
    return {name: Job(named[name], *both) for name, both in work.items()}


@cache
def titles() -> Mapping[str, str]:
    """Return what the agents are called, by their ids, as the built-in directory has it."""
    text = files("sojourn.sandbox").joinpath("agents.yaml").read_text()
    return {name: entry["title"] for name, entry in yaml.safe_load(text)["agents"].items()}
