-- identity.nicknames: two unlike first names that one person goes by, learned from the delivery.
-- A pair of names counts where people of one last name and birth date, who share a key, a phone or a street besides,
-- go by both: at least two of them, and five times as many as the names' frequency among such pairs (twins) lets expect.
-- grain   short_name, long_name
-- reads   identity.key_pairs, identity.keys, identity.records
-- params  none
with
records as (
    select record_id, first_name, last_name, born, street, postcode
    from identity.records
    where first_name is not null and last_name is not null and born is not null and length(first_name) > 1
),
phones as (
    select record_id, min(key_value) as phone
    from identity.keys
    where key_kind = 'phone'
    group by record_id
),
tied as (select distinct left_id, right_id from identity.key_pairs),
alike as (
    select
        least(lefts.first_name, rights.first_name) as one_name,
        greatest(lefts.first_name, rights.first_name) as other_name,
        lefts.last_name || ' ' || lefts.born as person
    from records as lefts
    inner join records as rights
        on lefts.last_name = rights.last_name and lefts.born = rights.born
        and lefts.record_id < rights.record_id
    left join tied on lefts.record_id = tied.left_id and rights.record_id = tied.right_id
    left join phones as left_phones on lefts.record_id = left_phones.record_id
    left join phones as right_phones on rights.record_id = right_phones.record_id
    where
        levenshtein(lefts.first_name, rights.first_name) > 2
        and (tied.left_id is not null or left_phones.phone = right_phones.phone or lefts.street = rights.street)
),
pairs as (
    select one_name, other_name, count(distinct person) as people
    from alike
    group by one_name, other_name
),
totals as (
    select
        one_name, other_name, people,
        sum(people) over (partition by one_name) as one_total,
        sum(people) over (partition by other_name) as other_total,
        sum(people) over () as total
    from pairs
)
select
    case when length(one_name) <= length(other_name) then one_name else other_name end as short_name,
    case when length(one_name) <= length(other_name) then other_name else one_name end as long_name,
    cast(people as bigint) as people
from totals
where people >= 2 and (people * total > 5.0 * one_total * other_total or people * 2 > least(one_total, other_total))
