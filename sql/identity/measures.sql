-- identity.measures: the shares, night by night, by which a later night is judged; rows_count: of how many rows.
-- grain   table_name, night, measure, column_name, category
-- reads   identity.referred, identity.touched_by, identity.measured
-- params  none
with tonight as (
    select table_name, night, measure, value, rows_count
    from identity.referred
    union all
    select table_name, night, measure, value, rows_count
    from identity.touched_by
)

select
    table_name,
    night,
    measure,
    '' as column_name,
    '' as category,
    value,
    rows_count
from tonight
union all
select m.table_name, m.night, m.measure, m.column_name, m.category, m.value, m.rows_count
from identity.measured as m
left join tonight as t on m.table_name = t.table_name and m.night = t.night and m.measure = t.measure
where t.table_name is null
