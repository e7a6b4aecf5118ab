-- marts.check_history: each check's outcome, night by night, of the last eight weeks.
-- The checks of the marts themselves are made after them: their nights are those before this one.
-- grain   night, table_name, expectation, column_name, reason
-- reads   marts.checked, marts.checked_before, marts.history_before
-- params  night, first_kept
with last_night as (
    select max(night) as night from marts.history_before
),

outcomes as (
    select
        cast($night as date) as night,
        table_name,
        expectation,
        column_name,
        reason,
        severity,
        success,
        unexpected,
        observed
    from marts.checked
    union all
    select
        l.night,
        b.table_name,
        b.expectation,
        b.column_name,
        b.reason,
        b.severity,
        b.success,
        b.unexpected,
        b.observed
    from marts.checked_before as b
    cross join last_night as l
    union all
    select
        night,
        table_name,
        expectation,
        column_name,
        reason,
        severity,
        success,
        unexpected,
        observed
    from marts.history_before
)

select
    cast(night as date) as night,
    cast(table_name as varchar) as table_name,
    cast(expectation as varchar) as expectation,
    cast(column_name as varchar) as column_name,
    cast(reason as varchar) as reason,
    cast(max(severity) as varchar) as severity,
    cast(bool_and(success) as boolean) as success,
    cast(sum(unexpected) as bigint) as unexpected,
    cast(max(observed) as varchar) as observed
from outcomes
where night >= cast($first_kept as date) and night <= cast($night as date)
group by night, table_name, expectation, column_name, reason
