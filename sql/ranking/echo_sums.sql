-- ranking.echo_sums: the echoes of each sub-step and moment added up, per mission and over ALL.
-- Feelings are added as whole points (a ten-thousandth of the scale), so that their order does not matter.
-- grain   mission, kind, name
-- reads   ranking.echoes, missions.assignments
-- params  none
with echoes as (
    select
        coalesce(a.mission, '') as mission,
        e.kind,
        e.name,
        e.sub_step,
        cast(round(e.felt * 10000) as bigint) as points,
        cast(round(e.acted * 10000) as bigint) as acted_points,
        case when e.is_spoken_of then 1 else 0 end as spoken
    from ranking.echoes as e
    left join missions.assignments as a on e.journey_id = a.journey_id
),

summed as (
    select
        mission,
        kind,
        name,
        sub_step,
        count(*) as journeys,
        count(points) as felt,
        coalesce(sum(points), 0) as points,
        coalesce(sum(points * points), 0) as squares,
        sum(spoken) as spoken,
        count(*) filter (where acted_points > 0) as acted,
        sum(acted_points) as acted_points,
        sum(acted_points * acted_points) as acted_squares
    from echoes
    group by mission, kind, name, sub_step
),

scoped as (
    select * from summed
    where mission <> ''
    union all
    select
        'ALL' as mission,
        kind,
        name,
        sub_step,
        sum(journeys) as journeys,
        sum(felt) as felt,
        sum(points) as points,
        sum(squares) as squares,
        sum(spoken) as spoken,
        sum(acted) as acted,
        sum(acted_points) as acted_points,
        sum(acted_squares) as acted_squares
    from summed
    group by kind, name, sub_step
)

select
    mission,
    kind,
    name,
    sub_step,
    cast(journeys as double) as journeys,
    cast(felt as double) as felt,
    cast(spoken as double) as spoken,
    cast(acted as double) as acted,
    cast(acted_points as double) / 1e4 as acted_sum,
    cast(acted_squares as double) / 1e8 as acted_squares,
    cast(points as double) / nullif(cast(felt as double), 0) / 1e4 as mean,
    sqrt(
        greatest(cast(squares as double) - cast(points as double) * cast(points as double) / nullif(cast(felt as double), 0), 0)
        / nullif(cast(felt as double) - 1, 0)
    ) / 1e4 as spread
from scoped
