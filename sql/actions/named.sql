-- actions.named: what the ranking names, per mission (and ALL): moments that bring customers back, and those that drive them away.
-- usual_share: how often it happens of late on journeys that get to its sub-step; where that is not known, how often ever.
-- grain   mission, moment
-- reads   ranking.moment_ranking
-- params  none
select
    mission,
    moment,
    step,
    sub_step,
    verdict,
    effect,
    ci_low,
    ci_high,
    q_value,
    coalesce(exposed_share, cast(exposed as double) / nullif(cast(eligible as double), 0)) as usual_share
from ranking.moment_ranking
where verdict in ('drives', 'harms')
