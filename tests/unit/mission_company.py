"""A made-up company whose missions are known."""

import numpy as np

from pipeline.estimators.mission_signals import Signals


def company(missions: int, journeys: int = 900, seed: int = 1, burst: float = 0.0) -> tuple[Signals, np.ndarray]:
    """Journeys of a made-up company: a mission has its product, topics and lead time; other signals are noise."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(missions, journeys, p=rng.dirichlet(np.full(missions, 8.0)))
    product = np.where(rng.random(journeys) < 0.7, truth, rng.integers(0, missions, journeys))
    topics = rng.dirichlet(np.full(8, 0.4), missions)
    shares = [rng.dirichlet(topics[k] * burst + 1e-3) if burst else topics[k] for k in truth]
    counts = [rng.multinomial(rng.poisson(8), share) for share in shares]
    lead = np.exp(rng.normal(2 + 0.6 * truth, 0.5, journeys)) * 24
    return Signals(
        [f"j{i:05d}" for i in range(journeys)],
        {"lead_hours": lead, "attributes.wait": np.round(lead / 24), "value": np.exp(rng.normal(4, 0.4, journeys))},
        {"category": [f"product_{k}" for k in product], "weekday": [str(d) for d in rng.integers(0, 7, journeys)]},
        {"topics": [{f"topic_{t}": float(n) for t, n in enumerate(row) if n} for row in counts]},
    ), truth
