-- report.check_outcomes: what was checked of this night, expectation by expectation; critical ones that failed on rows set them aside.
-- grain   table_name, expectation, column_name, reason
-- reads   report.checked
-- params  none
select
    cast(table_name as varchar) as table_name,
    cast(expectation as varchar) as expectation,
    cast(column_name as varchar) as column_name,
    cast(reason as varchar) as reason,
    cast(max(severity) as varchar) as severity,
    cast(bool_and(success) as boolean) as is_passed,
    cast(sum(unexpected) as bigint) as unexpected,
    cast(max(observed) as varchar) as observed
from report.checked
group by table_name, expectation, column_name, reason
