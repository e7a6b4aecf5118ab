-- report.trials: each moment's trial as the method section tells it, and of which data and version the figures are.
-- grain   moment
-- reads   marts.trials, report.places
-- params  none
select
    cast(t.moment as varchar) as moment,
    cast(t.step as varchar) as step,
    cast(t.sub_step as varchar) as sub_step,
    cast(t.sub_step_when as varchar) as sub_step_when,
    cast(t.moment_when as varchar) as moment_when,
    cast(t.eligible as bigint) as eligible,
    cast(t.customers as bigint) as customers,
    cast(cast(t.first_ordered_at as date) as date) as first_ordered_date,
    cast(cast(t.last_ordered_at as date) as date) as last_ordered_date,
    t.adjusted_for,
    t.earlier_sub_steps,
    t.earlier_moments,
    cast(t.landmark_version as varchar) as landmark_version,
    cast(t.map_version as varchar) as map_version,
    cast(t.data_version as varchar) as data_version,
    cast(p.moment_position as bigint) as moment_position
from marts.trials as t
inner join report.places as p on t.moment = p.moment
