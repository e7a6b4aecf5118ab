-- identity.blocked_values: values that the guard stopped: shared by people who have nothing to do with each other.
-- People are unlike where neither their first nor their last name is a spelling of the other's. Three that are all
-- unlike each other share the value: an agency's address, a placeholder phone, a counter's device, a loyalty card of all.
-- A birth date is shared by chance, so it is stopped only far above what the births let expect: one date of its year
-- (a default such as 1 January 1970), or one day of every year (1 January, where only the year was known).
-- grain   key_kind, key_value
-- reads   identity.given_keys, identity.records
-- params  none
with
given_keys as (select * from identity.given_keys),
records as (select * from identity.records),
names as (
    select
        given_keys.key_kind, given_keys.key_value, records.first_name, records.last_name,
        count(*) as record_count
    from given_keys
    inner join records on given_keys.record_id = records.record_id
    where records.last_name is not null and records.first_name is not null
    group by given_keys.key_kind, given_keys.key_value, records.first_name, records.last_name
),
ranked as (
    select
        key_kind, key_value, first_name, last_name,
        row_number() over (
            partition by key_kind, key_value order by record_count desc, last_name, first_name
        ) as place
    from names
    qualify count(*) over (partition by key_kind, key_value) >= 3
),
unlike_first as (
    select
        others.key_kind, others.key_value, others.first_name, others.last_name,
        row_number() over (partition by others.key_kind, others.key_value order by others.place) as place
    from ranked as others
    inner join ranked as firsts
        on others.key_kind = firsts.key_kind and others.key_value = firsts.key_value and firsts.place = 1
    where
        levenshtein(others.last_name, firsts.last_name) * 2 > greatest(length(others.last_name), length(firsts.last_name))
        and levenshtein(others.first_name, firsts.first_name) * 2
            > greatest(length(others.first_name), length(firsts.first_name))
),
unlike_both as (
    select distinct others.key_kind, others.key_value
    from unlike_first as others
    inner join unlike_first as seconds
        on others.key_kind = seconds.key_kind and others.key_value = seconds.key_value and seconds.place = 1
    where
        levenshtein(others.last_name, seconds.last_name) * 2
        > greatest(length(others.last_name), length(seconds.last_name))
        and levenshtein(others.first_name, seconds.first_name) * 2
            > greatest(length(others.first_name), length(seconds.first_name))
),
holders as (
    select key_kind, key_value, count(*) as name_count
    from names
    group by key_kind, key_value
),
births as (
    select
        key_kind, key_value, name_count,
        sum(name_count) over (partition by substr(key_value, 1, 4)) / 365.0 as expected_count,
        sum(name_count) over (partition by substr(key_value, 6, 5)) as day_count,
        sum(name_count) over () / 365.0 as expected_day_count
    from holders
    where key_kind = 'birth_date'
),
crowded as (
    select
        key_kind, key_value, name_count,
        day_count > 2 * expected_day_count and day_count > 10 + expected_day_count + 5 * sqrt(expected_day_count)
            as is_crowded_day
    from births
    where
        name_count > 10 + 5 * expected_count
        or (day_count > 2 * expected_day_count and day_count > 10 + expected_day_count + 5 * sqrt(expected_day_count))
)
select unlike_both.key_kind, unlike_both.key_value, cast(holders.name_count as bigint) as names
from unlike_both
inner join holders on unlike_both.key_kind = holders.key_kind and unlike_both.key_value = holders.key_value
where unlike_both.key_kind <> 'birth_date'
union all
select crowded.key_kind, crowded.key_value, cast(crowded.name_count as bigint) as names
from crowded
left join unlike_both on crowded.key_kind = unlike_both.key_kind and crowded.key_value = unlike_both.key_value
where crowded.is_crowded_day or unlike_both.key_value is not null
