-- report.check_nights: the outcome of each check of tonight, on this and the earlier nights on which it was made.
-- grain   table_name, expectation, column_name, reason, night
-- reads   report.checked, marts.check_history
-- params  night
with
tonight as (
    select table_name, expectation, column_name, reason, bool_and(success) as success
    from report.checked
    group by table_name, expectation, column_name, reason
),
earlier as (
    select h.table_name, h.expectation, h.column_name, h.reason, h.night, h.success
    from marts.check_history as h
    inner join tonight as t
        on h.table_name = t.table_name and h.expectation = t.expectation
        and h.column_name = t.column_name and h.reason = t.reason
    where cast(h.night as date) < cast($night as date)
)
select
    cast(table_name as varchar) as table_name,
    cast(expectation as varchar) as expectation,
    cast(column_name as varchar) as column_name,
    cast(reason as varchar) as reason,
    cast($night as date) as night,
    cast(success as boolean) as is_passed
from tonight
union all
select
    cast(table_name as varchar) as table_name,
    cast(expectation as varchar) as expectation,
    cast(column_name as varchar) as column_name,
    cast(reason as varchar) as reason,
    cast(night as date) as night,
    cast(success as boolean) as is_passed
from earlier
