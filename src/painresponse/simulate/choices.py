"""Who gets which intervention: confounding by indication, by site, and by what nobody measured."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.special import softmax

from painresponse.simulate.people import People, linear
from painresponse.simulate.plan import Plan


@dataclass(frozen=True, slots=True)
class SiteEffects:
    """What sets the sites apart: how they choose (site, arm), how patients fare, how they order cortisol."""

    choice: np.ndarray
    response: np.ndarray
    cortisol: np.ndarray


def draw_sites(rng: Generator, *, plan: Plan) -> SiteEffects:
    """Draw the sites' peculiarities. Response differences are centred: the clinic as a whole has none."""
    sites = plan.sites
    response = sites.response_sd * rng.standard_normal(sites.count)
    return SiteEffects(
        choice=sites.choice_sd * rng.standard_normal((sites.count, len(plan.arms))),
        response=response - response.mean(),
        cortisol=sites.cortisol_sd * rng.standard_normal(sites.count),
    )


def send_to_sites(people: People, rng: Generator, *, sites: SiteEffects) -> People:
    """Give every person a site (numbered from 0) and its effect on the response."""
    site = rng.integers(0, len(sites.response), len(people["age"]))
    return {"site": site, "site_response": sites.response[site], "site_orders_cortisol": sites.cortisol[site]}


def choice_probabilities(
    people: People, hidden: np.ndarray, *, plan: Plan, sites: SiteEffects
) -> dict[str, np.ndarray]:
    """P(arm) by person and value of the unmeasured severity; ``hidden`` is (people or 1, values)."""
    site = sites.choice[people["site"]]
    utilities = [
        (linear(arm.chosen, people) + site[:, number])[:, None]
        + plan.hidden.chosen.get(name, 0.0) * hidden / plan.hidden.sd
        for number, (name, arm) in enumerate(plan.arms.items())
    ]
    chances = softmax(np.stack(utilities), axis=0)
    return dict(zip(plan.arms, chances, strict=True))


def choose(people: People, rng: Generator, *, plan: Plan, sites: SiteEffects) -> People:
    """Draw one arm a person; columns ``arm_<name>`` say which."""
    chances = choice_probabilities(people, people["hidden"][:, None], plan=plan, sites=sites)
    ladder = np.cumsum([chance[:, 0] for chance in chances.values()], axis=0)
    arm = np.minimum((ladder < rng.random(ladder.shape[1])).sum(axis=0), len(ladder) - 1)
    return {f"arm_{name}": arm == number for number, name in enumerate(plan.arms)}
