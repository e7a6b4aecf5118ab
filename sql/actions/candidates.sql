-- actions.candidates: what acting on a moment that can still happen is expected to change in the chance that the customer comes back.
-- The effect of the moment for the mission, times the chance that the journey gets to its sub-step (from where it stands, or
-- past the gate; before there is an order: that there will be one, too), times the chance that it would not happen by itself;
-- of a harm, that it would. A mission's shares are those of ALL where it has fewer than `fewest` such journeys, and before
-- there is an order: the mission is mostly known of those who ordered.
-- grain   journey_id, moment
-- reads   actions.possible, actions.reaches, actions.gate_reaches, actions.later_shares, actions.moment_channels
-- params  fewest
with reaches as (
    select * from actions.reaches
    where mission = 'ALL' or (is_ordered and journeys >= $fewest)
),

gate_reaches as (
    select * from actions.gate_reaches
    where mission = 'ALL' or journeys >= $fewest
),

later_shares as (
    select * from actions.later_shares
    where mission = 'ALL' or journeys >= $fewest
),

standing as (
    select *, case when is_there then sub_step else last_sub_step end as from_sub_step from actions.possible
),

shared as (
    select
        p.*,
        case
            when p.is_there and p.is_ordered then 1.0
            when p.gate is not null then coalesce(g.reach_share, ga.reach_share)
            else coalesce(r.reach_share, ra.reach_share)
        end as reach_share,
        case when p.is_there then coalesce(u.later_share, ua.later_share, 0) else p.usual_share end as happens_share
    from standing as p
    left join gate_reaches as g on p.mission = g.mission and p.sub_step = g.sub_step
    left join gate_reaches as ga on ga.mission = 'ALL' and p.sub_step = ga.sub_step
    left join reaches as r
        on
            p.mission = r.mission
            and p.is_ordered = r.is_ordered
            and p.from_sub_step = r.from_sub_step
            and p.waited_days = r.waited_days
            and p.sub_step = r.sub_step
    left join reaches as ra
        on
            ra.mission = 'ALL'
            and p.is_ordered = ra.is_ordered
            and p.from_sub_step = ra.from_sub_step
            and p.waited_days = ra.waited_days
            and p.sub_step = ra.sub_step
    left join later_shares as u on p.mission = u.mission and p.moment = u.moment
    left join later_shares as ua on ua.mission = 'ALL' and p.moment = ua.moment
)

select
    s.journey_id,
    s.customer_id,
    s.order_id,
    s.mission,
    s.moment,
    s.step,
    s.sub_step,
    s.verdict,
    c.channel,
    cast(s.effect as double) as effect,
    cast(s.ci_low as double) as ci_low,
    cast(s.ci_high as double) as ci_high,
    cast(s.q_value as double) as q_value,
    cast(s.reach_share as double) as reach_share,
    cast(s.happens_share as double) as usual_share,
    cast(
        abs(s.effect) * s.reach_share * case when s.verdict = 'drives' then 1 - s.happens_share else s.happens_share end as double
    ) as expected_gain,
    s.is_there,
    s.due_at
from shared as s
left join actions.moment_channels as c on s.moment = c.moment
where s.reach_share > 0
