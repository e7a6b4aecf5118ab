-- actions.possible: what is named for an open journey's mission and can still happen on it.
-- It did not happen yet; no sub-step that leaves it behind was reached; where its sub-step needs a gate, that has happened; and
-- it is not late by its clock: by the order's dates, nor, where its sub-step was reached, by that.
-- due_at: when it usually happens, on the night at the earliest; null where no date tells.
-- grain   journey_id, moment
-- reads   actions.open_journeys, actions.named, actions.closings, actions.gates, actions.moment_clocks, journeys.moments, journeys.sub_steps
-- params  night
with placed as (
    select
        o.*,
        n.moment,
        n.step,
        n.sub_step,
        n.verdict,
        n.effect,
        n.ci_low,
        n.ci_high,
        n.q_value,
        n.usual_share,
        u.reached_at,
        g.gate,
        c.late_days,
        case c.anchor when 'order' then o.ordered_at when 'start' then o.starts_at when 'end' then o.ends_at end as clock_at,
        c.usual_days,
        w.usual_days as wait_usual_days,
        w.late_days as wait_days
    from actions.open_journeys as o
    inner join actions.named as n on o.mission = n.mission
    left join journeys.sub_steps as u on o.journey_id = u.journey_id and n.sub_step = u.sub_step
    left join actions.gates as g on n.sub_step = g.sub_step
    left join actions.moment_clocks as c on n.moment = c.moment and not c.is_own
    left join actions.moment_clocks as w on n.moment = w.moment and w.is_own
),

passed as (
    select distinct
        u.journey_id,
        x.moment
    from journeys.sub_steps as u
    semi join actions.open_journeys as o on u.journey_id = o.journey_id
    inner join actions.closings as x on u.sub_step = x.sub_step
),

timed as (
    select
        *,
        date_diff('microsecond', clock_at, cast($night as timestamp)) / 8.64e10 > late_days as is_late,
        date_diff('microsecond', reached_at, cast($night as timestamp)) / 8.64e10 > wait_days as is_overdue,
        coalesce(reached_at, clock_at)
        + cast(round(case when reached_at is null then usual_days else wait_usual_days end * 86400) as bigint)
        * interval '1 second' as usual_at
    from placed
)

select
    t.journey_id,
    t.customer_id,
    t.order_id,
    t.is_ordered,
    t.mission,
    t.last_sub_step,
    t.waited_days,
    t.moment,
    t.step,
    t.sub_step,
    t.verdict,
    t.effect,
    t.ci_low,
    t.ci_high,
    t.q_value,
    t.usual_share,
    t.gate,
    t.reached_at is not null as is_there,
    case when t.usual_at is not null then greatest(t.usual_at, cast($night as timestamp)) end as due_at
from timed as t
anti join journeys.moments as m on t.journey_id = m.journey_id and t.moment = m.moment
anti join passed as p on t.journey_id = p.journey_id and t.moment = p.moment
left join journeys.moments as gm on t.journey_id = gm.journey_id and t.gate = gm.moment
where
    (t.gate is null or gm.moment is not null)
    and not coalesce(t.is_late, false)
    and not coalesce(t.is_overdue, false)
