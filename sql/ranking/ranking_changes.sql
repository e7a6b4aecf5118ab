-- ranking.ranking_changes: the ranking beside that of the last finished night, and which effects moved by more than noise.
-- What moved are the measured effects, without strength borrowed from other missions: their noise is known, also that of
-- two nights that share most journeys. has_changed holds false discoveries at `budget` over the whole table; it is null
-- where there is nothing to compare, or either night cannot tell. is_same_trial: the map's conditions, the horizon and the version are as they were.
-- grain   mission, moment
-- reads   ranking.moment_ranking, ranking.previous_ranking, ranking.shifts
-- params  budget
select
    r.mission,
    r.moment,
    p.night as previous_night,
    p.is_same_trial,
    r.effect,
    p.effect as previous_effect,
    p.ci_low as previous_ci_low,
    p.ci_high as previous_ci_high,
    r.rank,
    p.rank as previous_rank,
    p.rank_low as previous_rank_low,
    p.rank_high as previous_rank_high,
    r.verdict,
    p.verdict as previous_verdict,
    cast(s.change as double) as change,
    cast(s.change - 1.959964 * s.change_error as double) as change_ci_low,
    cast(s.change + 1.959964 * s.change_error as double) as change_ci_high,
    cast(s.q_value as double) as change_q_value,
    s.q_value <= $budget as has_changed
from ranking.moment_ranking as r
left join ranking.previous_ranking as p on r.mission = p.mission and r.moment = p.moment
left join ranking.shifts as s on r.mission = s.mission and r.moment = s.moment and p.moment is not null
