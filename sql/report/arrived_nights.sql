-- report.arrived_nights: how many rows of each table came on each of the last four weeks' nights, none where nothing did.
-- A table's first delivery is its whole history and has no row: beside it all others would look like nothing.
-- grain   table_name, night
-- reads   ingest.measures
-- params  night
select
    cast(table_name as varchar) as table_name,
    cast(night as date) as night,
    cast(value as bigint) as arrived
from ingest.measures
where measure = 'rows'
    and cast(night as date) > cast($night as date) - interval '28 days'
    and cast(night as date) <= cast($night as date)
