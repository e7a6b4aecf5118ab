-- ingest.fates: what becomes of each of several records of one key: accepted, superseded or duplicate.
-- Of exact repeats in one delivery's night the first by file and line is kept. Of the rest the newer updated_at stands;
-- where a record has none, the later night, then file, then line stands: it replaces all before it. One that says that
-- the record was deleted takes its place like any other, and stands no more than what it replaces.
-- grain   record_key, delivered_night, delivered_file, delivered_line
-- reads   door.claims
-- params  none
with claims as (
    select * from door.claims
),

repeats as (
    select
        *,
        row_number() over (
            partition by record_key, delivered_night, content
            order by delivered_file, delivered_line
        ) as repeat_number
    from claims
),

undated_after as (
    select
        *,
        count(case when updated_at is null then 1 end) over (
            partition by record_key
            order by delivered_night desc, delivered_file desc, delivered_line desc
            rows between unbounded preceding and current row
        ) - case when updated_at is null then 1 else 0 end as undated_later
    from repeats
    where repeat_number = 1
),

ranked as (
    select
        *,
        row_number() over (
            partition by record_key
            order by
                undated_later asc,
                updated_at desc nulls last,
                delivered_night desc,
                delivered_file desc,
                delivered_line desc
        ) as rank_number
    from undated_after
)

select
    record_key,
    delivered_night,
    delivered_file,
    delivered_line,
    case when rank_number = 1 and deleted_at is null then 'accepted' else 'superseded' end as fate
from ranked
union all
select
    record_key,
    delivered_night,
    delivered_file,
    delivered_line,
    'duplicate' as fate
from repeats
where repeat_number > 1
