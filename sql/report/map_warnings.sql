-- report.map_warnings: where the data contradict what the journey map says of a moment, in the order of the map.
-- grain   moment, warning
-- reads   marts.map_warnings, report.places
-- params  none
select
    cast(w.moment as varchar) as moment,
    cast(w.warning as varchar) as warning,
    cast(w.figure as double) as figure,
    cast(w.journeys as bigint) as journeys,
    cast(p.moment_position as bigint) as moment_position
from marts.map_warnings as w
inner join report.places as p on w.moment = p.moment
