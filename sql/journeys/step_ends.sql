-- journeys.step_ends: which event usually completes which one that the customer began on a page, and how soon: from the data.
-- An event is completed by another that follows it soon on most journeys and hardly ever comes soon before it; of several
-- by the surest. usual_seconds is the longest gap of the quickest 95 %.
-- grain   event_number
-- reads   journeys.event_times
-- params  soon_days, usual_share, fewest
with begun as (
    select
        event_number,
        cast(count(*) as double) as journeys
    from journeys.event_times
    where source = 'web'
    group by event_number
    having count(*) >= $fewest
),

gaps as (
    select
        a.event_number,
        b.event_number as end_number,
        date_diff('microsecond', a.first_at, b.first_at) / 1e6 as gap_seconds
    from journeys.event_times as a
    inner join journeys.event_times as b
        on
            a.source = 'web'
            and a.journey_id = b.journey_id
            and a.event_number <> b.event_number
            and b.first_at >= a.first_at - $soon_days * interval '1 day'
            and b.first_at <= a.first_at + $soon_days * interval '1 day'
),

pairs as (
    select
        event_number,
        end_number,
        cast(count(*) filter (where gap_seconds > 0) as double) as after_count,
        cast(count(*) filter (where gap_seconds <= 0) as double) as before_count
    from gaps
    group by event_number, end_number
),

surest as (
    select
        p.event_number,
        p.end_number,
        p.after_count / nullif(b.journeys, 0) as completed_share
    from pairs as p
    inner join begun as b on p.event_number = b.event_number
    where
        p.after_count >= cast($usual_share as double) * b.journeys
        and p.after_count < b.journeys
        and p.before_count <= 0.1 * p.after_count
    qualify row_number() over (partition by p.event_number order by p.after_count desc, p.end_number) = 1
),

ordered as (
    select
        s.event_number,
        s.end_number,
        s.completed_share,
        g.gap_seconds,
        cume_dist() over (partition by s.event_number order by g.gap_seconds) as place
    from surest as s
    inner join gaps as g on s.event_number = g.event_number and s.end_number = g.end_number
    where g.gap_seconds > 0
)

select
    event_number,
    end_number,
    cast(completed_share as double) as completed_share,
    cast(max(gap_seconds) as double) as usual_seconds
from ordered
where place <= 0.95
group by event_number, end_number, completed_share
